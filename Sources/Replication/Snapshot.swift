// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Linux
import Messages
import PinholeDaemon

/// The state of a daemon as messages, read from its state files.
///
/// The daemon goes on writing meanwhile. Whoever repeats its changes from before the reading up to `lastChange` has a state in
/// which the daemon could have been killed, whatever part of them the files already contained.
struct Snapshot {
    /// Words of rejected connections in a message.
    private static let rejectedCount = 4096

    /// The last change of which the files may show something.
    let lastChange: UInt64
    private let term: UInt64
    private let records: [StateFile.Record]
    private let rejected: RejectedConnections
    /// The next record, and the next word of the rejected connections.
    private var nextRecord: Int
    private var nextWord = 0
    private var hasBegun = false

    /// Reads the files.
    ///
    /// - Throws: An error if they are not there, or of another version than this program.
    init(of statePath: String) throws(UserError) {
        let identity = StateFile.currentIdentity()
        // The records last: they are what matters.
        let rejected = try Self.bytes(of: "\(statePath).rejected")
        let state = try Self.bytes(of: statePath)
        guard let rejected = RejectedConnectionFile.rejected(in: rejected, identity: identity),
            let contents = StateFile.contents(of: state, identity: identity)
        else {
            throw UserError(
                "\(statePath) is not a state file of this version",
                hint: "restart the daemon, or upgrade both programs"
            )
        }
        self.rejected = rejected
        term = contents.term
        lastChange = contents.sequence
        // The oldest first, so that they stay in order.
        records = contents.records.reversed()
        nextRecord = records.startIndex
    }

    private static func bytes(of path: String) throws(UserError) -> [UInt8] {
        do throws(SystemError) {
            if let bytes = try PrivateFile.read(path, owner: nil) { return bytes }
        } catch {
            throw UserError(error.description, hint: "run it as the user of the daemon")
        }
        throw UserError("there is no \(path)", hint: "see the log of the daemon")
    }

    /// The next message; `nil` after the last one.
    mutating func next() -> Frame? {
        guard hasBegun else {
            hasBegun = true
            let key = [rejected.key.0, rejected.key.1]
            return Frame(.begin, term, KeptConnection.version, words: key)
        }
        if nextRecord < records.endIndex {
            defer { nextRecord += 1 }
            let record = records[nextRecord]
            return Frame(.kept, 0, UInt64(record.place), words: record.words)
        }
        while nextWord < RejectedConnections.wordCount {
            let start = nextWord
            nextWord += Snapshot.rejectedCount
            let words = rejected.words(from: start, count: Snapshot.rejectedCount)
            if words.contains(where: { $0 != 0 }) { return Frame(.rejected, UInt64(start), words: words) }
        }
        return nil
    }
}
