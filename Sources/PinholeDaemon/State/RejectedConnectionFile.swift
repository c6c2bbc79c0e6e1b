// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
package import Linux

/// The words of `RejectedConnections` in a memory-mapped file that survives the daemon.
///
/// Layout: sixteen words of identity, as in `StateFile`, two words of key, then the filter. Each word is written immediately, so
/// that every added connection is in the file whenever the daemon is killed.
package struct RejectedConnectionFile: ~Copyable {
    private static let keyOffset = 16 * 8
    private static let wordsOffset = 18 * 8
    private var file: MappedFile

    /// Creates an empty file, which `publish` moves to `path`.
    ///
    /// - Parameters:
    ///   - path: where the next daemon looks for it.
    ///   - identity: see `StateFile.identity(ofBoot:)`.
    /// - Returns: The unpublished file.
    /// - Throws: The system's error.
    package static func create(for path: String, identity: [UInt64]) throws(SystemError)
        -> RejectedConnectionFile
    {
        var file = try MappedFile.create(for: path, size: wordsOffset + RejectedConnections.wordCount * 8)
        file.write(identity, at: 0)
        return RejectedConnectionFile(file: file)
    }

    private init(file: consuming MappedFile) { self.file = file }

    /// Reads a file; `nil` if it is damaged or its identity differs.
    package static func rejected(in bytes: [UInt8], identity: [UInt64]) -> RejectedConnections? {
        let words = StateFile.words(of: bytes)
        guard words.count == wordsOffset / 8 + RejectedConnections.wordCount,
            words.starts(with: identity)
        else {
            return nil
        }
        return RejectedConnections(
            key: (words[keyOffset / 8], words[keyOffset / 8 + 1]),
            words: Array(words[(wordsOffset / 8)...])
        )
    }

    mutating func write(key: RejectedConnections.Key) {
        file.write([key.0, key.1], at: RejectedConnectionFile.keyOffset)
    }

    /// Writes one word of the filter.
    mutating func write(_ word: UInt64, _ number: Int) {
        guard number < RejectedConnections.wordCount else { return }
        file.write([word], at: RejectedConnectionFile.wordsOffset + number * 8)
    }

    /// Moves the file to its path, replacing the older one.
    mutating func publish() throws(SystemError) { try file.publish() }
}
