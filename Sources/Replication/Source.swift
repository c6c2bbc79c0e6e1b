// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import Messages
import PinholeDaemon

/// Serves the other gateway: a snapshot of this one's daemon, and then each of its changes.
///
/// A follower that reads too slowly makes the daemon's own buffer overflow. The daemon then ends the stream, and everything
/// begins again with a snapshot. Memory is bounded on all ways.
final class Source {
    /// Bytes that may wait for the follower before nothing more is read from the daemon.
    private static let backlogLimit = 1 << 20
    /// Nanoseconds between two clock messages.
    private static let clockPeriod: UInt64 = 200_000_000
    /// Nanoseconds between two attempts to reach the daemon.
    private static let retryPeriod: UInt64 = 200_000_000

    private let listener: PeerListener
    private let socketPath: String
    private var follower: Link?
    /// Whether the follower has said what it can read.
    private var isWelcome = false
    private var daemon: Link?
    /// What the daemon is expected to say next.
    private var stage = Stage.answer
    private var nextClock = Instant(nanoseconds: 0)
    private var nextRetry = Instant(nanoseconds: 0)

    private enum Stage {
        /// The line with which it takes the request.
        case answer
        /// The first message.
        case hello
        /// A snapshot is being sent.
        case snapshot(Snapshot)
        /// Changes that the snapshot may have contained; it is complete after this one.
        case overlap(UInt64)
        /// Changes.
        case changes
    }

    init(_ link: PeerLink, socketPath: String, _ poller: borrowing Poller) throws(SystemError) {
        listener = try link.listen()
        self.socketPath = socketPath
        try poller.add(listener.number, for: .reading)
    }

    /// Does what can be done without blocking; notes in `status` how it is going.
    func step(
        _ poller: borrowing Poller,
        _ status: inout PeerStatus,
        _ journal: inout Journal,
        at now: Instant
    ) {
        accept(poller, &journal, at: now)
        if follower != nil {
            do throws(SystemError) {
                try serve(poller, &status, &journal, at: now)
            } catch {
                journal.note(.follower, "follower-lost", error.description)
                drop()
            }
        }
        status.isFollowed = follower != nil && isWelcome
        if follower == nil { probe(poller, &status, at: now) }
    }

    /// When to call `step` again at the latest.
    func deadline(at now: Instant) -> Instant { follower == nil ? nextRetry : min(nextClock, nextRetry) }

    private func accept(_ poller: borrowing Poller, _ journal: inout Journal, at now: Instant) {
        do throws(SystemError) {
            guard let stream = try listener.accept() else { return }
            let link = Link(stream, registered: .reading, at: now)
            try poller.add(link.stream.number, for: .reading)
            // The other gateway has only one; an older connection is a dead one.
            drop()
            follower = link
            nextClock = now
            link.enqueue(.ownHello)
        } catch {
            journal.note(.stranger, "stranger-refused", error.description)
        }
    }

    /// Forgets the follower, and with it the stream of the daemon, which is for it alone.
    private func drop() {
        follower = nil
        daemon = nil
        isWelcome = false
        nextRetry = Instant(nanoseconds: 0)
    }

    private func serve(
        _ poller: borrowing Poller,
        _ status: inout PeerStatus,
        _ journal: inout Journal,
        at now: Instant
    ) throws(SystemError) {
        guard let follower else { return }
        try greet(follower, &status, &journal, at: now)
        if nextClock <= now {
            nextClock = Instant(nanoseconds: now.nanoseconds + Source.clockPeriod)
            follower.enqueue(Frame(.clock, now.nanoseconds, UInt64(max(0, Clock.timeOfDay()) * 1e9)))
        }
        if isWelcome { follow(follower, poller, &status, &journal, at: now) }
        try follower.flush()
        try poller.adjust(follower, to: follower.backlog > 0 ? .writing : .reading)
    }

    /// Reads what the follower says: only its first message.
    private func greet(
        _ follower: Link,
        _ status: inout PeerStatus,
        _ journal: inout Journal,
        at now: Instant
    ) throws(SystemError) {
        while try follower.receive(at: now) {}
        do throws(FrameReader.Malformed) {
            while let frame = try follower.next() {
                guard frame.kind == .hello, frame.canRead(KeptConnection.version) else {
                    status.followerProblem = frame.versions
                    journal.note(.version, "follower-refused", frame.versions)
                    continue
                }
                isWelcome = true
                status.followerProblem = ""
                journal.forget(.follower)
                journal.note(.welcome, "followed", "", .info)
            }
        } catch {
            throw SystemError("read", code: EPROTO)
        }
    }

    /// Follows the daemon, and passes on what it says.
    private func follow(
        _ follower: Link,
        _ poller: borrowing Poller,
        _ status: inout PeerStatus,
        _ journal: inout Journal,
        at now: Instant
    ) {
        do throws(UserError) {
            guard let daemon = try connect(poller, at: now) else { return }
            try relay(daemon, to: follower, at: now)
            status.hasDaemon = true
            if follower.backlog < Source.backlogLimit { return try adjust(poller, daemon, to: .reading) }
            try adjust(poller, daemon, to: .nothing)
        } catch {
            if daemon != nil { follower.enqueue(Frame(.gone)) }
            daemon = nil
            status.hasDaemon = false
            nextRetry = Instant(nanoseconds: now.nanoseconds + Source.retryPeriod)
            if !error.message.isEmpty { journal.note(.daemon, "daemon-not-followed", error.message) }
        }
    }

    private func adjust(_ poller: borrowing Poller, _ link: Link, to interest: Poller.Interest)
        throws(UserError)
    {
        do throws(SystemError) { try poller.adjust(link, to: interest) } catch { throw UserError(error) }
    }

    /// The stream of the daemon, begun anew if it is time; `nil` if there is none.
    private func connect(_ poller: borrowing Poller, at now: Instant) throws(UserError) -> Link? {
        if let daemon { return daemon }
        guard nextRetry <= now else { return nil }
        nextRetry = Instant(nanoseconds: now.nanoseconds + Source.retryPeriod)
        do throws(SystemError) {
            let stream = try SocketStream.connect(to: socketPath)
            try stream.stopBlocking()
            let link = Link(stream, registered: .reading, at: now)
            try poller.add(link.stream.number, for: .reading)
            link.enqueue("\(ControlRequest.records.line)\n")
            try link.flush()
            daemon = link
            stage = .answer
            return link
        } catch {
            // It does not run here: this gateway stands by.
            guard error.code == ENOENT || error.code == ECONNREFUSED else { throw UserError(error) }
            return nil
        }
    }

    /// Takes what the daemon has said, as far as the follower has room for it.
    private func relay(_ daemon: Link, to follower: Link, at now: Instant) throws(UserError) {
        repeat {
            while follower.backlog < Source.backlogLimit, try advance(daemon, follower) {}
            guard follower.backlog < Source.backlogLimit else { return }
        } while try receive(daemon, at: now)
    }

    private func receive(_ daemon: Link, at now: Instant) throws(UserError) -> Bool {
        do throws(SystemError) { return try daemon.receive(at: now) } catch { throw UserError(error) }
    }

    /// Takes the next step with what the daemon has said; `false` if that needs more bytes.
    private func advance(_ daemon: Link, _ follower: Link) throws(UserError) -> Bool {
        if case .answer = stage {
            guard let line = daemon.takeLine() else { return false }
            try ControlSocketClient.check(line)
            stage = .hello
            return true
        }
        if case .snapshot(var snapshot) = stage {
            // Released, so that it is changed in place.
            stage = .changes
            if let frame = snapshot.next() {
                follower.enqueue(frame)
                stage = .snapshot(snapshot)
            } else {
                stage = .overlap(snapshot.lastChange)
                try endSnapshot(after: 0, follower)
            }
            return true
        }
        let frame: Frame?
        do throws(FrameReader.Malformed) { frame = try daemon.next() } catch { throw .invalidAnswer }
        guard let frame else { return false }
        switch (stage, frame.kind) {
        case (.hello, .hello):
            guard frame.first == KeptConnection.version else {
                throw UserError(
                    "the daemon has records of version \(frame.first)",
                    hint: "restart it, so that both programs are of the same version"
                )
            }
            begin = frame.sequence
            stage = .snapshot(try Snapshot(of: frame.text))
        case (.overlap, .kept), (.changes, .kept), (.overlap, .rejected), (.changes, .rejected):
            follower.enqueue(frame)
            if frame.kind == .kept { try endSnapshot(after: frame.sequence, follower) }
        default: throw .invalidAnswer
        }
        return true
    }

    /// The last change before the stream of the daemon began.
    private var begin: UInt64 = 0

    /// Tells the follower that the snapshot is complete, once all changes are passed on that it may have contained.
    private func endSnapshot(after sequence: UInt64, _ follower: Link) throws(UserError) {
        guard case .overlap(let last) = stage, max(sequence, begin) >= last else { return }
        follower.enqueue(Frame(.end))
        stage = .changes
    }

    /// Looks whether a daemon runs here while nobody follows, for the status.
    private func probe(_ poller: borrowing Poller, _ status: inout PeerStatus, at now: Instant) {
        guard nextRetry <= now else { return }
        nextRetry = now.advanced(bySeconds: 1)
        status.hasDaemon = (try? SocketStream.connect(to: socketPath).number) != nil
    }
}
