// SPDX-License-Identifier: GPL-2.0-or-later
import PinholeDaemon

/// The log of `pinhole sync`, in which nothing is repeated while it stays the same.
struct Journal {
    /// What a line is about.
    enum Topic: Hashable { case peer, snapshot, follower, welcome, stranger, version, daemon, file }

    private var log: Log
    private var last: [Topic: String] = [:]

    init(_ log: Log) { self.log = log }

    /// Writes a line unless it is the one that was written last about its topic.
    mutating func note(_ topic: Topic, _ event: String, _ reason: String = "", _ level: LogLevel = .warning) {
        guard last.updateValue("\(event) \(reason)", forKey: topic) != "\(event) \(reason)" else { return }
        log.write(level, event) { if !reason.isEmpty { $0.add("reason", reason) } }
    }

    /// Lets the next line about a topic be written, whatever it says.
    mutating func forget(_ topic: Topic) { last[topic] = nil }
}
