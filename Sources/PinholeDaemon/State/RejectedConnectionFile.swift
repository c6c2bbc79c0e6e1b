package import FTPHelper
package import Linux

/// The words of `RejectedConnections`, in a file that outlives the daemon.
///
/// It begins with sixteen words of identity, as that of `StateFile`, and two of the key; behind them is the filter. Each word is
/// written at once, so whenever the daemon is killed, every connection that was added is in it.
package struct RejectedConnectionFile: ~Copyable {
    private static let keyOffset = 16 * 8
    private static let wordsOffset = 18 * 8
    private var file: MappedFile

    /// Makes an empty one, to be published at `path`.
    ///
    /// - Parameters:
    ///   - path: where the next daemon will look for it.
    ///   - identity: see `StateFile.identity(ofBoot:)`.
    /// - Returns: The file, which the next daemon does not find yet.
    /// - Throws: What the system says to making it.
    package static func create(for path: String, identity: [UInt64]) throws(SystemError)
        -> RejectedConnectionFile
    {
        var file = try MappedFile.create(for: path, size: wordsOffset + RejectedConnections.wordCount * 8)
        file.write(identity, at: 0)
        return RejectedConnectionFile(file: file)
    }

    private init(file: consuming MappedFile) { self.file = file }

    /// What is in a file; `nil` if it is damaged, or another's.
    package static func rejected(in bytes: [UInt8], identity: [UInt64]) -> RejectedConnections? {
        let words = StateFile.words(of: bytes)
        guard words.count == wordsOffset / 8 + RejectedConnections.wordCount, words.starts(with: identity)
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

    /// Writes the word of that number.
    mutating func write(_ word: UInt64, _ number: Int) {
        guard number < RejectedConnections.wordCount else { return }
        file.write([word], at: RejectedConnectionFile.wordsOffset + number * 8)
    }

    /// Lets the next daemon find the file, and no longer what was there before.
    mutating func publish() throws(SystemError) { try file.publish() }
}
