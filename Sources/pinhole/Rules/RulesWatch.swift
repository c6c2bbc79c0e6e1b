// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules
import FTPHelper
import Linux
import Messages
import Netfilter
import PinholeDaemon

/// `pinhole rules watch`: keeps the rules loaded, and restores what others remove.
///
/// The kernel notifies of changes in nftables, including those by iptables-nft. Legacy iptables and ipset are polled twice a
/// second, with a few system calls. Programs are started only when something has changed, and twice a minute.
struct RulesWatch: ~Copyable {
    /// Nanoseconds between two polls of what the kernel does not notify of.
    private static let glancePeriod: UInt64 = 500_000_000
    /// Seconds between two full comparisons without any sign of a change: a rule of legacy iptables may have been replaced by
    /// one of the same size.
    private static let lookPeriod: UInt32 = 30
    /// The name of the daemon's process, as the kernel tells it.
    private static let daemonName = "pinholed"
    /// How long the daemon may take to answer, in nanoseconds: one that hangs must not delay a repair.
    private static let answerTimeout: UInt64 = 200_000_000

    private var guarding: RuleGuard
    /// Reads the configuration again.
    private let configured: () throws(UserError) -> Settings
    private let socketPath: String
    private let signals: SignalDescriptor
    private let poller: Poller
    private var changes: FirewallChanges
    private let legacy: LegacyTables
    private var sets: PinholeSet
    private var log: Log

    private var glance = Glance()
    private var nextGlance: Instant
    private var nextLook: Instant
    private var pace = RepairPace()
    /// When something changed that has not been looked at yet; `nil` if nothing has.
    private var changed: Instant?
    /// Whether the kernel has notified of that change.
    private var isNotified = false
    /// Who made the last change, if the kernel says so.
    private var author = ""
    /// What the daemon has not been told yet, because none has answered.
    private var untold: RulesChange?
    /// Who caused the last repair whose cause is known.
    private var culprit = ""

    /// The state that the kernel does not notify of.
    private struct Glance: Hashable {
        var legacyTables: [UInt8] = []
        var hasSets = true
    }

    /// Loads the rules, and keeps them loaded until a signal.
    ///
    /// - Parameter configured: reads the configuration, now and when other rules turn out to be loaded.
    /// - Throws: An error if the configuration is wrong, or the rules cannot be loaded.
    static func run(_ configured: @escaping () throws(UserError) -> Settings) throws(UserError) {
        SignalDescriptor.ignoreBrokenPipes()
        let notifier = ServiceNotifier.open()
        var watch = try start(configured)
        notifier.notify(.ready)
        watch.tellWhatIsWatched()
        while watch.runOnce() {}
        notifier.notify(.stopping)
    }

    /// Subscribes to changes and then loads the rules, so that no later change is missed.
    private static func start(
        _ configured: @escaping () throws(UserError) -> Settings
    ) throws(UserError) -> RulesWatch {
        let settings = try configured()
        let signals = try attempt(SignalDescriptor.open)
        let poller = try attempt(Poller.open)
        let changes = try attempt(FirewallChanges.open)
        let legacy = try attempt(LegacyTables.open)
        try attempt { () throws(SystemError) in try poller.add(signals.number, for: .reading) }
        try attempt { () throws(SystemError) in try poller.add(changes.number, for: .reading) }
        let rules = RuleSet(settings)
        // Before the rules queue packets, as for `pinhole rules load`. Not if they do already: a survey refuses connections that
        // are being opened.
        let wasLoaded = rules.isLoaded
        if !wasLoaded { _ = notify(.survey, settings.socketPath) }
        let guarding = try RuleGuard(loading: rules, with: settings.backend)
        let sets = try attempt { () throws(SystemError) in try PinholeSet.open(guarding.backend) }
        var watch = RulesWatch(
            guarding: guarding,
            configured: configured,
            socketPath: settings.socketPath,
            signals: signals,
            poller: poller,
            changes: changes,
            legacy: legacy,
            sets: sets,
            at: Clock.now()
        )
        watch.glance = watch.checkCheaply()
        if !wasLoaded { watch.notify(.loaded) }
        return watch
    }

    private init(
        guarding: RuleGuard,
        configured: @escaping () throws(UserError) -> Settings,
        socketPath: String,
        signals: consuming SignalDescriptor,
        poller: consuming Poller,
        changes: consuming FirewallChanges,
        legacy: consuming LegacyTables,
        sets: consuming PinholeSet,
        at now: Instant
    ) {
        self.guarding = guarding
        self.configured = configured
        self.socketPath = socketPath
        self.signals = signals
        self.poller = poller
        self.changes = changes
        self.legacy = legacy
        self.sets = sets
        log = Log(threshold: .info, hasPriorities: StandardError.isJournal) { StandardError.offer($0) }
        nextGlance = now
        nextLook = now.advanced(bySeconds: RulesWatch.lookPeriod)
    }

    private static func attempt<Result: ~Copyable>(
        _ step: () throws(SystemError) -> Result
    ) throws(UserError) -> Result {
        do throws(SystemError) {
            return try step()
        } catch {
            throw UserError(error.description, hint: "run pinhole check")
        }
    }

    /// Waits for a change or for the next deadline and acts on it; `false` if a signal has asked to end.
    private mutating func runOnce() -> Bool {
        var deadline = min(nextGlance, nextLook)
        if changed != nil { deadline = min(deadline, pace.next ?? deadline) }
        let milliseconds = Int32((Clock.now().seconds(until: deadline) * 1000).rounded(.up))
        poller.wait(milliseconds: milliseconds) { _ in }
        guard signals.next() == nil else { return false }
        let now = Clock.now()
        noteChanges(at: now)
        if changed != nil, pace.allows(at: now) { compare(at: now) }
        return true
    }

    /// Notes the changes that the kernel has notified of, and polls if it is time to.
    private mutating func noteChanges(at now: Instant) {
        // First, so that what is seen to be gone has been notified of already.
        if nextGlance <= now {
            nextGlance = Instant(nanoseconds: now.nanoseconds + RulesWatch.glancePeriod)
            let glance = checkCheaply()
            if glance != self.glance || !glance.hasSets { changed = changed ?? now }
            self.glance = glance
            if let untold { notify(untold) }
        }
        do throws(SystemError) {
            if let change = try nextChange() {
                changed = changed ?? now
                author = change.author
                isNotified = true
            }
        } catch {
            log.write(.error, "rules-unknown") { $0.add("reason", error.description) }
        }
        if nextLook <= now { changed = changed ?? now }
    }

    private mutating func nextChange() throws(SystemError) -> FirewallChanges.Change? {
        try changes.next(about: guarding.tables, exceptMembersBy: RulesWatch.daemonName)
    }

    private mutating func checkCheaply() -> Glance {
        var glance = Glance()
        switch guarding.backend {
        // The kernel notifies of every change.
        case .nft: break
        case .iptables: glance.legacyTables = legacy.figures(of: Table.allCases.map(\.rawValue))
        }
        for family in PinholeSet.Family.allCases where glance.hasSets {
            // A set of another type is not there.
            glance.hasSets = (try? sets.exists(family)) ?? false
        }
        return glance
    }

    /// Compares everything, and restores what is missing.
    private mutating func compare(at now: Instant) {
        let noticed = changed ?? now
        let mayHaveLostMembers = isNotified && guarding.backend == .nft
        changed = nil
        isNotified = false
        nextLook = now.advanced(bySeconds: RulesWatch.lookPeriod)
        var missing: [String] = []
        do throws(UserError) {
            missing = try guarding.faults()
            let isRight = try missing.isEmpty ? true : adoptConfiguration()
            guard !isRight else {
                author = ""
                // A whole ruleset may have been loaded from a file, with our table as it was and empty sets.
                if mayHaveLostMembers { notify(.replaced) }
                return
            }
            pace.note(at: now)
            // Sessions that began meanwhile count as logged in, as they do for `pinhole rules load`.
            _ = RulesWatch.notify(.survey, socketPath)
            try guarding.repair()
        } catch {
            if missing.isEmpty { pace.note(at: now) }
            log.write(.error, "rules-missing") { [author] in
                if !missing.isEmpty { $0.add("missing", missing.joined(separator: ", ")) }
                $0.add("reason", error.message)
                $0.add("hint", error.hint)
                if author != "" { $0.add("by", author) }
            }
            notify(.missing)
            scheduleCheck(since: noticed)
            return
        }
        report(missing, noticed)
        author = ""
        // Before the daemon opens again what is open: what others change after that is not skipped.
        scheduleCheck(since: Clock.now())
        notify(.repaired)
    }

    /// Adopts the rules of a changed configuration that another program has loaded, as a reload or a restart of the service
    /// does; `false` if the configuration is the same or wrong.
    ///
    /// Another backend counts once its rules are loaded: until then the running daemon uses the sets of this one.
    private mutating func adoptConfiguration() throws(UserError) -> Bool {
        guard let settings = try? configured() else { return false }
        let rules = RuleSet(settings)
        let backend =
            settings.backend.flatMap { PinholeSet.Backend.loaded.contains($0) ? $0 : nil } ?? guarding.backend
        guard rules != guarding.rules || backend != guarding.backend else { return false }
        guarding = try RuleGuard(loading: rules, with: backend)
        do throws(SystemError) {
            sets = try PinholeSet.open(backend)
        } catch {
            throw UserError(error.description, hint: "run pinhole check")
        }
        tellWhatIsWatched()
        return true
    }

    private mutating func tellWhatIsWatched() {
        log.write(.info, "rules-watched") { [backend = guarding.backend] in
            $0.add("backend", backend.rawValue)
        }
    }

    /// Looks once more as soon as the pace allows it.
    ///
    /// Notifications of the repair itself are skipped, so that nobody is blamed for it.
    private mutating func scheduleCheck(since moment: Instant) {
        _ = try? nextChange()
        changed = moment
        glance = checkCheaply()
    }

    private mutating func report(_ missing: [String], _ noticed: Instant) {
        let milliseconds = UInt64(noticed.seconds(until: Clock.now()) * 1000)
        log.write(.warning, "rules-repaired") { [author] in
            $0.add("missing", missing.joined(separator: ", "))
            if author != "" { $0.add("by", author) }
            $0.add("after-ms", milliseconds)
        }
        if author != "" { culprit = author }
        guard pace.isContested else { return }
        log.write(.error, "rules-contested") { [culprit, pace] in
            $0.add("times", pace.count)
            if culprit != "" { $0.add("by", culprit) }
            $0.add("next-in", UInt64(pace.interval))
            $0.add(
                "explanation",
                "somebody keeps removing the rules: let it keep those of other programs, or stop one of the two"
            )
        }
    }

    /// Tells the daemon of a change, and the next one if none answers now.
    private mutating func notify(_ change: RulesChange) {
        untold = RulesWatch.notify(.rules(change), socketPath) ? nil : change
    }

    /// Sends a request to the daemon; `false` if none answers soon.
    private static func notify(_ request: ControlRequest, _ socketPath: String) -> Bool {
        (try? ControlSocketClient.ask(request, at: socketPath, within: answerTimeout) { _ in }) != nil
    }
}
