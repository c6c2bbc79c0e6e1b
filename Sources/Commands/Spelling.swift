// SPDX-License-Identifier: GPL-2.0-or-later

/// Finds what a misspelt word was meant to be.
package enum Spelling {
    /// Longer words are not compared with any name.
    private static let maximumLength = 40

    /// The name that differs from the word in at most two characters; `nil` if there is none.
    package static func nearest(to word: String, among names: [String]) -> String? {
        let word = word.lowercased().map { $0 == "_" ? "-" : $0 }
        guard (2...maximumLength).contains(word.count) else { return nil }
        let distances = names.map { (name: $0, distance: distance(word, Array($0))) }
        guard let nearest = distances.min(by: { $0.distance < $1.distance }),
            nearest.distance <= min(2, word.count / 2)
        else { return nil }
        return nearest.name
    }

    /// The number of characters to insert, remove or replace to make one word the other (Levenshtein distance).
    private static func distance(_ word: [Character], _ other: [Character]) -> Int {
        var row = Array(0...other.count)
        for (index, character) in word.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in 1..<row.count {
                let replaced = diagonal + (character == other[column - 1] ? 0 : 1)
                diagonal = row[column]
                row[column] = min(replaced, row[column] + 1, row[column - 1] + 1)
            }
        }
        return row[other.count]
    }
}
