// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import Netfilter

/// The daemon: the event loop over packets, control clients, timers and signals.
///
/// It has one thread, which blocks only in `Poller.wait`. Only a signal ends it.
package struct Daemon: ~Copyable {
    private let settings: Settings
    private let facts: DaemonFacts
    private let file: ConfigurationFile
    private let resources: DaemonResources
    /// Confinement that could not be applied; warned about at start.
    private let missingConfinement: [String]
    private var server: ControlServer
    private var queues: Queues
    private let awaitedFTPS: AwaitedFTPS
    private var engine: Engine<LinuxKernel>
    private var log: Log
    /// Whether the last iteration found packets.
    private var hadPackets = false
    /// When to ping the watchdog next; `nil` if the service manager has none.
    private var nextWatchdogPing: Instant?

    /// Assembles the daemon from what `start` acquired.
    init(
        _ settings: Settings,
        _ facts: DaemonFacts,
        _ file: ConfigurationFile,
        _ resources: consuming DaemonResources,
        missingConfinement: [String],
        _ server: consuming ControlServer,
        _ queues: consuming Queues,
        _ awaitedFTPS: AwaitedFTPS,
        _ engine: consuming Engine<LinuxKernel>,
        _ log: Log
    ) {
        self.settings = settings
        self.facts = facts
        self.file = file
        self.resources = resources
        self.missingConfinement = missingConfinement
        self.server = server
        self.queues = queues
        self.awaitedFTPS = awaitedFTPS
        self.engine = engine
        self.log = log
    }

    /// Runs until SIGTERM or SIGINT.
    ///
    /// Open expectations stay in the kernel for the next daemon. Until it starts, the kernel drops packets that match a queue rule
    /// (without `--queue-bypass`).
    package mutating func run() {
        log.write(.info, "started") { [settings] in
            $0.add("control-queue", settings.queues.control)
            $0.add("data-queue", settings.queues.data)
            $0.add("session-queue", settings.queues.sessions)
            $0.add("socket", settings.socketPath)
        }
        for reason in missingConfinement { log.write(.warning, "unconfined") { $0.add("reason", reason) } }
        log.write(settings.warnings)
        resources.notifier.notify(.ready)
        nextWatchdogPing = resources.notifier.watchdogTimeout.map { _ in Clock.now() }
        var signal: Int32?
        while signal == nil {
            signal = runOnce()
        }
        resources.notifier.notify(.stopping)
        log.write(.info, "stopped") { $0.add("signal", signal ?? 0) }
    }

    /// Runs one iteration of the event loop; returns the signal if one ended it.
    private mutating func runOnce() -> Int32? {
        let ready = wait(afterPackets: hadPackets)
        hadPackets = !ready.isDisjoint(with: [.control, .data, .sessions])
        let now = Clock.now()
        // Data first: a single SYN, and its connection waits for it.
        if ready.contains(.data) || queues.data.owesVerdicts {
            Daemon.takeDataPackets(from: &queues.data, &engine, at: now)
        }
        if ready.contains(.sessions) || queues.sessions.owesVerdicts {
            Daemon.takeDataPackets(from: &queues.sessions, &engine, at: now)
        }
        if ready.contains(.control) || queues.control.owesVerdicts { takeControlPackets(at: now) }
        if engine.nextDeadline.map({ $0 <= now }) ?? false { engine.fire(at: now) }
        if let policy = awaitedFTPS.newPolicy(at: now, missing: { engine.system.missingSessions() }) {
            engine.adopt(policy, at: now)
            log.write(.info, "ftps-available")
        }
        tellFollowers(at: now)
        // One step per iteration, so that packets go first.
        if ready.contains(.search) { engine.search(at: now) }
        if ready.contains(.clients) || server.nextDeadline.map({ $0 <= now }) ?? false { serve(at: now) }
        writeNotices(at: now)
        pingWatchdog(at: now)
        guard ready.contains(.signals), let signal = resources.signals.next() else { return nil }
        guard signal == SIGHUP else { return signal }
        _ = Daemon.reload(file, resources.opener, settings, awaitedFTPS, &engine, &log)
        return nil
    }

    /// Pings the systemd watchdog at half of its timeout.
    ///
    /// A daemon whose verdicts do not reach the kernel stops pinging, so that it is restarted.
    private mutating func pingWatchdog(at now: Instant) {
        guard let ping = nextWatchdogPing, ping <= now, let timeout = resources.notifier.watchdogTimeout
        else { return }
        guard !queues.oweVerdicts else { return }
        resources.notifier.notify(.alive)
        nextWatchdogPing = Instant(nanoseconds: now.nanoseconds + timeout / 2)
    }

    /// What is ready in one iteration.
    private struct Work: OptionSet {
        let rawValue: UInt8
        static let control = Work(rawValue: 1)
        static let data = Work(rawValue: 2)
        static let clients = Work(rawValue: 4)
        static let signals = Work(rawValue: 8)
        static let search = Work(rawValue: 16)
        static let sessions = Work(rawValue: 32)
    }

    /// Waits for packets, clients and signals until the next deadline.
    ///
    /// After packets it busy-polls for about as long as it takes to sleep and wake up. That costs no more than sleeping, and
    /// packets that arrive meanwhile do not wait for the wake-up.
    private func wait(afterPackets: Bool) -> Work {
        if afterPackets {
            let end = Clock.now().nanoseconds + Daemon.busyPollNanoseconds
            repeat {
                let ready = poll(milliseconds: 0)
                guard ready.isEmpty else { return ready }
            } while Clock.now().nanoseconds < end
        }
        return poll(milliseconds: pollTimeout)
    }

    /// How long to busy-poll before sleeping, in nanoseconds.
    private static let busyPollNanoseconds: UInt64 = 50_000

    /// Polls all descriptors and waits at most so long; `nil` waits for ever.
    private func poll(milliseconds: Int32?) -> Work {
        var ready: Work = []
        resources.poller.wait(milliseconds: milliseconds) { readiness in
            switch readiness.descriptor {
            case queues.control.fileDescriptor: ready.insert(.control)
            case queues.data.fileDescriptor: ready.insert(.data)
            case queues.sessions.fileDescriptor: ready.insert(.sessions)
            case server.number: ready.insert(.clients)
            case engine.system.searchDescriptor: ready.insert(.search)
            default: ready.insert(.signals)
            }
        }
        return ready
    }

    /// Milliseconds until the next deadline, rounded up; `nil` if there is none.
    ///
    /// Short while a verdict is unsent, since its packet would otherwise wait for the next packet.
    private var pollTimeout: Int32? {
        if queues.oweVerdicts { return 10 }
        let deadline = Daemon.earlier(
            nextWatchdogPing,
            Daemon.earlier(
                awaitedFTPS.deadline,
                Daemon.earlier(engine.nextDeadline, server.nextDeadline)
            )
        )
        return deadline.map { Int32(min(Clock.now().seconds(until: $0) * 1000, 3_600_000).rounded(.up)) }
    }

    /// The earlier of two deadlines; `nil` stands for never.
    private static func earlier(_ one: Instant?, _ other: Instant?) -> Instant? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    /// Processes the queued control packets, at most a few batches.
    ///
    /// After a batch of several packets more have usually arrived: reading again is cheaper than polling.
    private mutating func takeControlPackets(at now: Instant) {
        for _ in 0..<4 {
            let count = Daemon.receiveBatch(.controlQueue, from: &queues.control, &engine, at: now) {
                $0.control($1, in: $2, at: now, into: &$3)
            }
            guard count > 1 else { return }
        }
    }

    /// Processes up to one batch of the data queue or of the session queue, mostly SYNs.
    private static func takeDataPackets(
        from queue: inout PacketQueue,
        _ engine: inout Engine<LinuxKernel>,
        at now: Instant
    ) {
        _ = receiveBatch(.dataQueue, from: &queue, &engine, at: now) {
            $0.data($1, in: $2, at: now, into: &$3)
        }
    }

    /// Processes up to one batch of a queue and returns the number of packets.
    private static func receiveBatch(
        _ fault: Fault,
        from queue: inout PacketQueue,
        _ engine: inout Engine<LinuxKernel>,
        at now: Instant,
        _ decide: (
            inout Engine<LinuxKernel>, ArraySlice<QueuedPacket>, borrowing Span<UInt8>, inout VerdictBatch
        ) -> Int
    ) -> Int {
        let overruns = queue.overruns
        var count = 0
        do throws(SystemError) {
            count = try queue.receive { decide(&engine, $0, $1, &$2) }
        } catch {
            engine.notices.count(fault, at: now, error.description)
        }
        let more = queue.overruns - overruns
        if more > 0 {
            engine.notices.count(.overrun, more, at: now, "the socket buffer of the queue was full")
        }
        return count
    }

    /// Serves control clients and disconnects those whose timeout expired.
    private mutating func serve(at now: Instant) {
        defer { engine.changes.isFollowed = server.isFollowed }
        Daemon.serve(&server, &engine, &log, facts, at: now) { engine, log in
            Daemon.reload(file, resources.opener, settings, awaitedFTPS, &engine, &log)
        } queue: { [settings] in
            guard let text = try? resources.queueFigures?.text() else { return nil }
            return QueueFigures(parsing: text, queues: settings.queues.all)
        }
        engine.traced = server.targets
    }

    private static func serve(
        _ server: inout ControlServer,
        _ engine: inout Engine<LinuxKernel>,
        _ log: inout Log,
        _ facts: DaemonFacts,
        at now: Instant,
        reload: (inout Engine<LinuxKernel>, inout Log) -> ControlAnswer,
        queue: () -> QueueFigures?
    ) {
        do throws(SystemError) {
            try server.expire(at: now)
            try server.serve(at: now) { request, user in
                ControlResponder(user: user, facts: facts, lostLines: log.lost, at: now)
                    .answer(request, from: &engine, queue: queue) { engine in reload(&engine, &log) }
            }
        } catch {
            engine.notices.count(.controlSocket, at: now, error.description)
        }
    }

    /// Sends the changes of the records to those who follow them.
    private mutating func tellFollowers(at now: Instant) {
        guard engine.changes.isFollowed, !engine.changes.isEmpty else { return }
        server.publish(engine.changes.drain(), at: now)
    }

    /// Writes pending notices to the log and to the watchers of events.
    private mutating func writeNotices(at now: Instant) {
        guard !engine.notices.isEmpty else { return }
        let time = Clock.timeOfDay()
        var records: [EventRecord] = []
        for notice in engine.notices.drain() {
            log.write(notice, at: now)
            if case .event(let event, _) = notice {
                let targets = engine.targets(of: event)
                records.append(EventRecord(event, time: time, instant: now, targets: targets))
            }
        }
        server.publish(records, at: now)
        if !engine.traced.isEmpty { engine.traced = server.targets }
    }
}
