// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper
import Glibc
package import Linux
package import Messages
import PinholeDaemon

/// `pinhole sync`: carries the records of this gateway's daemon to the other gateway, and those of the other one here.
///
/// It has one thread, which blocks only in `Poller.wait`. Either direction goes on if the other one fails.
package struct Sync: ~Copyable {
    /// Nanoseconds between two writes of the status.
    private static let statusPeriod: UInt64 = 1_000_000_000
    /// Microseconds to rest after each turn.
    ///
    /// Under load, all changes of that time share the next turn, which saves most of its system calls. After a pause the next
    /// change does not wait, since the rest is long over.
    private static let restMicroseconds: UInt32 = 1000

    private let source: Source
    private let follower: Follower
    private let poller: Poller
    private let signals: SignalDescriptor
    private let statusPath: String
    private var status = PeerStatus()
    private var journal: Journal
    private var nextStatus = Instant(nanoseconds: 0)

    /// Runs until SIGTERM or SIGINT.
    ///
    /// - Parameters:
    ///   - link: the addresses of both gateways.
    ///   - socketPath: the control socket of this gateway's daemon.
    ///   - peerStatePath: the file that gets the other gateway's records.
    /// - Throws: An error if it cannot listen.
    package static func run(
        _ link: PeerLink,
        socketPath: String,
        peerStatePath: String
    ) throws(UserError) {
        SignalDescriptor.ignoreBrokenPipes()
        let notifier = ServiceNotifier.open()
        var sync = try start(link, socketPath: socketPath, peerStatePath: peerStatePath)
        notifier.notify(.ready)
        while sync.runOnce() { usleep(restMicroseconds) }
        notifier.notify(.stopping)
        StatusFile.remove(sync.statusPath)
    }

    private static func start(
        _ link: PeerLink,
        socketPath: String,
        peerStatePath: String
    ) throws(UserError) -> Sync {
        let signals = try attempt(SignalDescriptor.open)
        let poller = try attempt(Poller.open)
        try attempt { () throws(SystemError) in try poller.add(signals.number, for: .reading) }
        let source = try attempt { () throws(SystemError) in
            try Source(link, socketPath: socketPath, poller)
        }
        return Sync(link, source, poller, signals, peerStatePath: peerStatePath)
    }

    private static func attempt<Result: ~Copyable>(
        _ step: () throws(SystemError) -> Result
    ) throws(UserError) -> Result {
        do throws(SystemError) { return try step() } catch { throw UserError(error) }
    }

    private init(
        _ link: PeerLink,
        _ source: Source,
        _ poller: consuming Poller,
        _ signals: consuming SignalDescriptor,
        peerStatePath: String
    ) {
        self.source = source
        self.poller = poller
        self.signals = signals
        follower = Follower(link, writing: peerStatePath)
        statusPath = PeerStatus.path(besides: peerStatePath)
        let log = Log(threshold: .info, hasPriorities: StandardError.isJournal) { StandardError.offer($0) }
        journal = Journal(log)
        status.local = link.local
        status.peer = link.peer
        status.port = link.port
        status.isSigned = link.isSigned
    }

    /// Waits for messages or for the next deadline, and acts on them; `false` if a signal has asked to end.
    private mutating func runOnce() -> Bool {
        let start = Clock.now()
        let deadline = min(source.deadline(at: start), min(follower.deadline(at: start), nextStatus))
        let milliseconds = Int32((min(start.seconds(until: deadline), 1) * 1000).rounded(.up))
        poller.wait(milliseconds: milliseconds) { _ in }
        guard signals.next() == nil else { return false }
        let now = Clock.now()
        let before = status
        source.step(poller, &status, &journal, at: now)
        follower.step(poller, &status, &journal, at: now)
        if nextStatus <= now || status.differsVisibly(from: before) { writeStatus(at: now) }
        return true
    }

    private mutating func writeStatus(at now: Instant) {
        nextStatus = Instant(nanoseconds: now.nanoseconds + Sync.statusPeriod)
        status.written = now.nanoseconds
        do throws(SystemError) {
            try StatusFile.write(status.json.text + "\n", to: statusPath)
        } catch {
            journal.note(.file, "status-not-written", error.description)
        }
    }
}

extension PeerStatus {
    /// Whether something has changed that is not just a number.
    fileprivate func differsVisibly(from other: PeerStatus) -> Bool {
        (hasDaemon, isConnected, isFollowed, hasPeerDaemon) != (
            other.hasDaemon, other.isConnected, other.isFollowed, other.hasPeerDaemon
        ) || (problem, followerProblem) != (other.problem, other.followerProblem)
    }
}
