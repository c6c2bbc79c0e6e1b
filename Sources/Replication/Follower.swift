// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import PinholeDaemon

/// Follows the daemon of the other gateway, and writes what it says into the file of the peer's records.
///
/// A snapshot that is not complete replaces nothing.
final class Follower {
    /// Nanoseconds between two attempts to connect.
    private static let retryPeriod: UInt64 = 500_000_000
    /// Seconds without a message after which the peer counts as lost; it sends five in a second.
    private static let silence: UInt32 = 2

    private let link: PeerLink
    private let path: String
    private var stream: Link?
    private var isConnecting = false
    private var nextAttempt = Instant(nanoseconds: 0)
    private var clocks = ClockComparison()
    /// The file that the daemon finds, once a snapshot is complete.
    private var published: Box?
    /// The file of a snapshot that is not complete.
    private var incoming: Box?

    /// A file, which cannot be copied.
    private final class Box {
        var file: PeerFile
        init(_ file: consuming PeerFile) { self.file = file }
    }

    /// Why the peer is not followed.
    private struct Problem: Error {
        let topic: Journal.Topic
        let event: String
        let reason: String
        /// Whether trying again soon is of no use.
        var isLasting = false
    }

    init(_ link: PeerLink, writing path: String) {
        self.link = link
        self.path = path
    }

    /// When to call `step` again at the latest.
    func deadline(at now: Instant) -> Instant {
        stream.map { $0.heard.advanced(bySeconds: Follower.silence) } ?? nextAttempt
    }

    /// Does what can be done without blocking; notes in `status` how it is going.
    func step(
        _ poller: borrowing Poller,
        _ status: inout PeerStatus,
        _ journal: inout Journal,
        at now: Instant
    ) {
        do throws(Problem) {
            try follow(poller, &status, &journal, at: now)
            guard let stream, stream.heard.advanced(bySeconds: Follower.silence) <= now else { return }
            throw Problem(topic: .peer, event: "peer-silent", reason: "nothing has come from \(link.peer)")
        } catch {
            journal.note(error.topic, error.event, error.reason)
            status.problem = error.reason
            status.trouble = error.topic.trouble
            status.isConnected = false
            status.hasPeerDaemon = false
            stream = nil
            incoming = nil
            published = nil
            let pause = error.isLasting ? 10 * Follower.retryPeriod : Follower.retryPeriod
            nextAttempt = Instant(nanoseconds: now.nanoseconds + pause)
        }
    }

    private func follow(
        _ poller: borrowing Poller,
        _ status: inout PeerStatus,
        _ journal: inout Journal,
        at now: Instant
    ) throws(Problem) {
        guard let stream = try connected(poller, at: now) else { return }
        var isMore = true
        while isMore {
            isMore = try attempt { () throws(SystemError) in try stream.receive(at: now) }
            while let frame = try next(of: stream) {
                try handle(frame, &status, &journal, at: now)
            }
        }
    }

    private func next(of stream: Link) throws(Problem) -> Frame? {
        do throws(FrameReader.Malformed) {
            return try stream.next()
        } catch {
            throw Problem(
                topic: .version,
                event: "peer-refused",
                reason: "\(link.peer) port \(link.port) does not speak the protocol of pinhole sync",
                isLasting: true
            )
        }
    }

    private func attempt<Result: ~Copyable>(_ step: () throws(SystemError) -> Result) throws(Problem)
        -> Result
    {
        do throws(SystemError) {
            return try step()
        } catch {
            throw Problem(topic: .peer, event: "peer-lost", reason: error.description)
        }
    }

    /// The stream of the peer; `nil` while there is none.
    private func connected(_ poller: borrowing Poller, at now: Instant) throws(Problem) -> Link? {
        guard let stream else {
            guard nextAttempt <= now else { return nil }
            let link = Link(
                try attempt { () throws(SystemError) in try self.link.connect() },
                registered: .writing,
                at: now
            )
            stream = link
            isConnecting = true
            try attempt { () throws(SystemError) in try poller.add(link.stream.number, for: .writing) }
            return nil
        }
        guard isConnecting else { return stream }
        var isWritable = false
        poller.wait(milliseconds: 0) {
            if $0.descriptor == stream.stream.number { isWritable = $0.isWritable }
        }
        guard isWritable else { return nil }
        let name = "\(link.peer) port \(link.port)"
        try attempt { () throws(SystemError) in
            try stream.stream.checkConnection(to: name)
            stream.enqueue(.ownHello)
            try stream.flush()
            try poller.adjust(stream, to: .reading)
        }
        isConnecting = false
        clocks = ClockComparison()
        return stream
    }

    private func handle(
        _ frame: Frame,
        _ status: inout PeerStatus,
        _ journal: inout Journal,
        at now: Instant
    ) throws(Problem) {
        switch frame.kind {
        case .hello: try welcome(frame, &status, &journal)
        case .clock: note(frame.first, timeOfDay: frame.second, &status, at: now)
        case .begin:
            status.hasPeerDaemon = true
            try begin(frame, at: now)
        case .kept:
            status.changes += 1
            try store { (file) throws(SystemError) in
                let record = frame.second == 0 ? nil : frame.words
                try file.keep(record, at: frame.second, inPlaceOf: frame.first)
            }
        case .rejected:
            try store { (file) throws(SystemError) in file.reject(frame.words, from: frame.first) }
        case .end: try publish(&status, &journal)
        case .gone:
            status.hasPeerDaemon = false
            incoming = nil
            published = nil
            journal.forget(.snapshot)
            journal.note(.snapshot, "peer-daemon-ended", "", .info)
        }
        status.records = UInt64((published ?? incoming)?.file.count ?? Int(status.records))
    }

    /// Checks the versions of the peer.
    private func welcome(_ hello: Frame, _ status: inout PeerStatus, _ journal: inout Journal) throws(Problem)
    {
        guard hello.first == Frame.protocolVersion, KeptConnection.readableVersions.contains(hello.second)
        else {
            throw Problem(
                topic: .version,
                event: "peer-refused",
                reason: "\(link.peer) is of another version: \(hello.versions)",
                isLasting: true
            )
        }
        status.isConnected = true
        status.problem = ""
        journal.forget(.peer)
        journal.forget(.version)
        journal.note(.peer, "peer-connected", "", .info)
    }

    private func note(
        _ time: UInt64,
        timeOfDay: UInt64,
        _ status: inout PeerStatus,
        at now: Instant
    ) {
        clocks.note(time, at: now)
        let wayNanoseconds = now.nanoseconds &- time &- UInt64(bitPattern: clocks.shift ?? 0)
        status.timeDifference =
            timeOfDay > 0 ? Clock.timeOfDay() - (Double(timeOfDay) + Double(wayNanoseconds)) / 1e9 : nil
        status.heard = now.nanoseconds
        status.lag = Double(clocks.lag) / 1e9
        status.clockShift = clocks.shift ?? 0
        published?.file.note(origin(at: now))
    }

    private func origin(at now: Instant) -> PeerFile.Origin {
        PeerFile.Origin(clockShift: clocks.shift ?? 0, heard: now)
    }

    private func begin(_ frame: Frame, at now: Instant) throws(Problem) {
        guard frame.words.count == 2, KeptConnection.readableVersions.contains(frame.second),
            clocks.shift != nil
        else { throw Problem(topic: .version, event: "peer-refused", reason: "it sent an invalid snapshot") }
        published = nil
        incoming = Box(
            try writing { () throws(SystemError) in
                try PeerFile.create(
                    for: path,
                    term: frame.first,
                    version: frame.second,
                    key: (frame.words[0], frame.words[1]),
                    origin: origin(at: now)
                )
            }
        )
    }

    private func publish(_ status: inout PeerStatus, _ journal: inout Journal) throws(Problem) {
        guard let incoming else { return }
        try writing { () throws(SystemError) in try incoming.file.publish() }
        published = incoming
        self.incoming = nil
        status.snapshots += 1
        journal.forget(.file)
        journal.forget(.snapshot)
        journal.note(.snapshot, "snapshot-received", "", .info)
    }

    private func store(_ change: (inout PeerFile) throws(SystemError) -> Void) throws(Problem) {
        guard let box = incoming ?? published else { return }
        try writing { () throws(SystemError) in try change(&box.file) }
    }

    private func writing<Result: ~Copyable>(
        _ step: () throws(SystemError) -> Result
    ) throws(Problem) -> Result {
        do throws(SystemError) {
            return try step()
        } catch {
            throw Problem(
                topic: .file,
                event: "peer-state-not-written",
                reason: error.description,
                isLasting: true
            )
        }
    }
}

extension Journal.Topic {
    /// What a problem of this topic is about, for the status.
    fileprivate var trouble: PeerStatus.Trouble {
        switch self {
        case .version: .version
        case .file: .file
        case .peer, .snapshot, .follower, .welcome, .stranger, .daemon: .peer
        }
    }
}
