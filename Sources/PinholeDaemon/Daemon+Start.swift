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
        var settings = settings
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
        var pinholes = try pinholes()
        let awaitedFTPS = AwaitedFTPS()
        let (policy, ftpsProblem) = awaitedFTPS.possible(
            settings.policy,
            missing: pinholes.missingSessions(),
            at: Clock.now()
        )
        settings.policy = policy
        let facts = DaemonFacts(
            version: version,
            process: getpid(),
            started: Clock.now(),
            backend: pinholes.backend,
            queues: settings.queues,
            user: account?.user ?? geteuid(),
            statePath: settings.statePath
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
        let queues = try Queues.open(settings.queues, &inherited, notifier)
        let poller = try attempt(Poller.open, orElse: unforeseen)
        for number in [signals.number, server.number] + queues.fileDescriptors {
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
        if let ftpsProblem { log.write(ftpsProblem: ftpsProblem) }
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
        queues.store(with: notifier)
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
            queues: queues,
            awaitedFTPS: awaitedFTPS,
            engine: engine,
            log: log
        )
    }

    /// The sets that the loaded rules use, those of expectations at least.
    private static func pinholes() throws(UserError) -> PinholeSet {
        let backend = PinholeSet.Backend.loaded.first ?? .iptables
        var pinholes = try attempt({ () throws(SystemError) in try PinholeSet.open(backend) }) {
            lacking(
                "ipset",
                module: "ip_set_hash_ipportip, or use nftables: pinhole rules load --backend nft",
                $0
            )
        }
        for family in PinholeSet.Family.allCases {
            let isThere = try attempt(
                { () throws(SystemError) in try pinholes.exists(family) },
                orElse: mistyped
            )
            guard isThere else {
                throw UserError(
                    "there is no set \(family.name)",
                    hint: "load the rules with: pinhole rules load"
                )
            }
        }
        return pinholes
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
            throw UserError(
                "there is no user \(name)",
                hint: "make it with: useradd --system \(name)",
                status: .configuration
            )
        }
        return account?.user == geteuid() ? nil : account
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

    static func lacking(_ subsystem: String, module: String, _ error: SystemError) -> UserError {
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
