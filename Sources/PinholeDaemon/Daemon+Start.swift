// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper
import Glibc
import Linux
package import Messages
import Netfilter

extension Daemon {
    /// Acquires everything that the daemon needs, takes over the state of an earlier daemon, and drops privileges.
    ///
    /// If a step fails, the earlier ones are undone. The state of an earlier daemon is touched last, when it is certain that no
    /// other daemon is running.
    package static func start(
        _ settings: Settings,
        _ file: ConfigurationFile,
        version: String
    ) throws(UserError) -> Daemon {
        var inherited = InheritedDescriptors.take()
        let hasInjector = PacketInjector.isKept(in: inherited)
        guard Capabilities.contain(.networkAdministration), hasInjector || Capabilities.contain(.rawSockets)
        else {
            throw UserError(
                "no permission to change the network",
                hint: "run it as root, or with CAP_NET_ADMIN and CAP_NET_RAW"
            )
        }
        try attempt(Descriptor.occupyStandardStreams, orElse: unforeseen)
        SignalDescriptor.ignoreBrokenPipes()
        let account = try account(for: settings.user)
        let notifier = ServiceNotifier.open()
        let signals = try attempt(SignalDescriptor.open, orElse: unforeseen)
        // Forked first, so that it inherits no descriptor.
        let opener = try attempt(
            { () throws(SystemError) in try FileOpener.start(for: file.path, as: account) },
            orElse: unforeseen
        )
        let conntrack = try attempt(Conntrack.open) {
            lacking("ctnetlink", module: "nf_conntrack_netlink", $0)
        }
        let pinholes = try pinholes(for: settings)
        let facts = DaemonFacts(
            version: version,
            process: getpid(),
            started: Clock.now(),
            backend: pinholes.backend,
            queues: QueueNumbers(control: settings.controlQueue, data: settings.dataQueue)
        )
        let injector = try attempt(
            { () throws(SystemError) in try PacketInjector.open(from: &inherited) },
            orElse: unforeseen
        )
        let routing = try attempt(Routing.open, orElse: unforeseen)
        var server = try attempt {
            () throws(SystemError) in
            try ControlServer.open(settings.socketPath, group: account?.group)
        } orElse: {
            unreachable(settings.socketPath, $0)
        }
        var stored: Set<UInt16> = []
        let controlQueue = try open(settings.controlQueue, &inherited, notifier, &stored)
        let dataQueue = try open(settings.dataQueue, &inherited, notifier, &stored)
        let poller = try attempt(Poller.open, orElse: unforeseen)
        for number in [signals.number, server.number, controlQueue.fileDescriptor, dataQueue.fileDescriptor] {
            try attempt(
                { () throws(SystemError) in try poller.add(number, for: .reading) },
                orElse: unforeseen
            )
        }
        // Only root can read this file; without root the figures are missing.
        let queueFigures = try? TextFile.open(QueueFigures.path)
        var log = Log(threshold: settings.logLevel, hasPriorities: StandardError.isJournal) {
            StandardError.offer($0)
        }
        JSON.prepare()
        Clock.prepare()
        let engine = try takeOver(
            settings,
            owner: account?.user,
            conntrack,
            pinholes,
            injector,
            routing,
            &log
        )
        let search = engine.system.searchDescriptor
        try attempt(
            { () throws(SystemError) in try poller.add(search, for: .reading) },
            orElse: unforeseen
        )
        for name in inherited.rest { notifier.discard(name) }
        for (number, queue) in [
            (settings.controlQueue, controlQueue.fileDescriptor),
            (settings.dataQueue, dataQueue.fileDescriptor),
        ] where !stored.contains(number) {
            notifier.store(queue, as: name(of: number))
        }
        var liberties: [String] = []
        if geteuid() == 0, settings.user == nil, account == nil {
            liberties.append("it runs as root: there is no user \(Settings.usualUser)")
        }
        let isFiltered = try attempt({ () throws(SystemError) in try Sandbox.enter(as: account) }) {
            UserError($0.description, hint: "start it as root, or as the user that it is to be")
        }
        server.leaveFile()
        if !isFiltered { liberties.append("the kernel cannot filter system calls") }
        return Daemon(
            settings,
            facts: facts,
            file: file,
            opener: opener,
            liberties: liberties,
            notifier: notifier,
            queueFigures: queueFigures,
            signals: signals,
            poller: poller,
            server: server,
            controlQueue: controlQueue,
            dataQueue: dataQueue,
            engine: engine,
            log: log
        )
    }

    /// The sets that the loaded rules use.
    private static func pinholes(for settings: Settings) throws(UserError) -> PinholeSet {
        let backend = PinholeSet.Backend.loaded.first ?? .iptables
        var pinholes = try attempt({ () throws(SystemError) in try PinholeSet.open(backend) }) {
            lacking(
                "ipset",
                module: "ip_set_hash_ipportip, or use nftables: pinhole rules load --backend nft",
                $0
            )
        }
        for family in PinholeSet.Family.allCases {
            try require(family.name, option: "") { () throws(SystemError) in try pinholes.exists(family) }
            guard settings.policy.opensForFTPS else { continue }
            try require(family.sessionsName, option: " --ftps") { () throws(SystemError) in
                try pinholes.sessionsExist(family)
            }
        }
        return pinholes
    }

    /// Throws unless the set exists; the hint names the option of `pinhole rules load` that creates it.
    private static func require(
        _ name: String,
        option: String,
        exists: () throws(SystemError) -> Bool
    ) throws(UserError) {
        guard try !attempt(exists, orElse: mistyped) else { return }
        throw UserError("there is no set \(name)", hint: "load the rules with: pinhole rules load\(option)")
    }

    /// The user to run as after startup; `nil` to stay the current one.
    ///
    /// A process that is not root cannot change its user and tries only if configured to.
    private static func account(for name: String?) throws(UserError) -> Account? {
        guard name != nil || geteuid() == 0 else { return nil }
        let account = try attempt(
            { () throws(SystemError) in try Account(named: name ?? Settings.usualUser) },
            orElse: unforeseen
        )
        guard account != nil || name == nil else {
            let name = name ?? ""
            throw UserError("there is no user \(name)", hint: "make it with: useradd --system \(name)")
        }
        return account?.user == geteuid() ? nil : account
    }

    /// The name of a queue's socket in the service manager's descriptor store.
    private static func name(of queue: UInt16) -> String { "queue-\(queue)" }

    /// Takes over a queue's socket from the descriptor store (`stored`), where it also stays, or opens a new one.
    private static func open(
        _ queue: UInt16,
        _ inherited: inout InheritedDescriptors,
        _ notifier: borrowing ServiceNotifier,
        _ stored: inout Set<UInt16>
    ) throws(UserError) -> PacketQueue {
        if let kept = inherited.take(name(of: queue)) {
            if let adopted = try? PacketQueue.adopt(kept, queue) {
                stored.insert(queue)
                return adopted
            }
            notifier.discard(name(of: queue))
        }
        return try attempt {
            () throws(SystemError) in
            try PacketQueue.open(queue)
        } orElse: { error in
            guard error.code == EBUSY else { return lacking("NFQUEUE", module: "nfnetlink_queue", error) }
            return UserError(
                "another process has queue \(queue)",
                hint: "end it, or choose other queues with --queues, here and for pinhole rules"
            )
        }
    }

    /// Performs one step of the start and turns its error into one with a hint.
    static func attempt<Result: ~Copyable>(
        _ step: () throws(SystemError) -> Result,
        orElse userError: (SystemError) -> UserError
    ) throws(UserError) -> Result {
        do throws(SystemError) {
            return try step()
        } catch {
            throw userError(error)
        }
    }

    private static func lacking(_ subsystem: String, module: String, _ error: SystemError) -> UserError {
        guard error.code == EPROTONOSUPPORT else { return unforeseen(error) }
        return UserError("the kernel has no \(subsystem)", hint: "load its module with: modprobe \(module)")
    }

    private static func mistyped(_ error: SystemError) -> UserError {
        UserError(error.description, hint: "destroy it, then load the rules with: pinhole rules load")
    }

    private static func unreachable(_ path: String, _ error: SystemError) -> UserError {
        guard error.code == EADDRINUSE else {
            return UserError(error.description, hint: "choose another path with --socket")
        }
        if FileIdentity(ofSocketAt: path) == nil {
            return UserError(
                "\(path) is a file and no socket",
                hint: "remove it, or choose another path with --socket"
            )
        }
        return UserError(
            "another daemon listens at \(path)",
            hint: "end it, or choose another path with --socket"
        )
    }

    static func unforeseen(_ error: SystemError) -> UserError {
        UserError(error.description, hint: "see what the kernel's log says of it")
    }
}
