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
        var inherited = InheritedDescriptors.inherit()
        try requirePermissions(inherited)
        try prepareStandardStreams()
        let account = try account(for: settings.user)
        let notifier = ServiceNotifier.open()
        let signals = try attempt(SignalDescriptor.open, orElse: unforeseen)
        // Forked first, so that it inherits no descriptor.
        let opener = try opener(of: file, as: account)
        let conntrack = try conntrack()
        var pinholes = try pinholes()
        let awaitedFTPS = AwaitedFTPS()
        let ftpsProblem: UserError?
        (settings.policy, ftpsProblem) = awaitedFTPS.possible(
            settings.policy,
            missing: pinholes.missingSessions(),
            at: Clock.now()
        )
        let facts = facts(version, settings, pinholes.backend, account)
        let injector = try injector(from: &inherited)
        let routing = try attempt(Routing.open, orElse: unforeseen)
        var server = try server(at: settings.socketPath, for: account)
        let queues = try Queues.open(settings.queues, &inherited, notifier)
        let resources = DaemonResources(
            opener: opener,
            notifier: notifier,
            queueFigures: try? TextFile.open(QueueFigures.path),
            signals: signals,
            poller: try attempt(Poller.open, orElse: unforeseen)
        )
        try watch([resources.signals.number, server.number] + queues.fileDescriptors, resources.poller)
        var log = log(settings.logLevel)
        if let ftpsProblem { log.write(ftpsProblem: ftpsProblem) }
        JSON.prepare()
        Clock.prepare()
        let owner = account?.user
        let engine = try takeOver(settings, owner: owner, conntrack, pinholes, injector, routing, &log)
        try watch([engine.system.searchDescriptor], resources.poller)
        for name in inherited.rest { resources.notifier.discard(name) }
        queues.store(with: resources.notifier)
        let missingConfinement = try confine(as: account, settings)
        server.leaveFile()
        return Daemon(
            settings,
            facts,
            file,
            resources,
            missingConfinement: missingConfinement,
            server,
            queues,
            awaitedFTPS,
            engine,
            log
        )
    }

    private static func requirePermissions(_ inherited: borrowing InheritedDescriptors) throws(UserError) {
        guard Capabilities.contain(.networkAdministration),
            PacketInjector.isKept(in: inherited) || Capabilities.contain(.rawSockets)
        else {
            throw UserError(
                "no permission to change the network",
                hint: "run it as root, or with CAP_NET_ADMIN and CAP_NET_RAW"
            )
        }
    }

    /// No descriptor that is opened later can be one of them, and a closed one ends no daemon.
    private static func prepareStandardStreams() throws(UserError) {
        try attempt(Descriptor.occupyStandardStreams, orElse: unforeseen)
        SignalDescriptor.ignoreBrokenPipes()
    }

    private static func facts(
        _ version: String,
        _ settings: Settings,
        _ backend: PinholeSet.Backend,
        _ account: Account?
    ) -> DaemonFacts {
        DaemonFacts(
            version: version,
            process: getpid(),
            started: Clock.now(),
            backend: backend,
            queues: settings.queues,
            user: account?.user ?? geteuid(),
            statePath: settings.statePath
        )
    }

    private static func log(_ threshold: LogLevel) -> Log {
        Log(threshold: threshold, hasPriorities: StandardError.isJournal) { StandardError.offer($0) }
    }

    private static func opener(
        of file: ConfigurationFile,
        as account: Account?
    ) throws(UserError) -> FileOpener {
        try attempt(
            { () throws(SystemError) in try FileOpener.start(for: file.path, as: account) },
            orElse: unforeseen
        )
    }

    private static func conntrack() throws(UserError) -> Conntrack {
        try attempt(Conntrack.open) { lacking("ctnetlink", module: "nf_conntrack_netlink", $0) }
    }

    private static func injector(
        from inherited: inout InheritedDescriptors
    ) throws(UserError) -> PacketInjector {
        try attempt(
            { () throws(SystemError) in try PacketInjector.open(from: &inherited) },
            orElse: unforeseen
        )
    }

    private static func server(at path: String, for account: Account?) throws(UserError) -> ControlServer {
        try attempt({ () throws(SystemError) in try ControlServer.open(path, group: account?.group) }) {
            unreachable(path, $0)
        }
    }

    /// Has the poller tell when any of the descriptors can be read.
    private static func watch(_ descriptors: [Int32], _ poller: borrowing Poller) throws(UserError) {
        for descriptor in descriptors {
            try attempt(
                { () throws(SystemError) in try poller.add(descriptor, for: .reading) },
                orElse: unforeseen
            )
        }
    }

    /// Drops privileges and enters the sandbox; returns the confinement that could not be applied.
    private static func confine(
        as account: Account?,
        _ settings: Settings
    ) throws(UserError) -> [String] {
        var missing: [String] = []
        if geteuid() == 0, settings.user == nil, account == nil {
            missing.append("it runs as root: there is no user \(Settings.usualUser)")
        }
        let isFiltered = try attempt({ () throws(SystemError) in try Sandbox.enter(as: account) }) {
            UserError($0.description, hint: "start it as root, or as the user that it should run as")
        }
        if !isFiltered { missing.append("the kernel cannot filter system calls") }
        return missing
    }

    /// The sets that the loaded rules use, those of expectations at least.
    private static func pinholes() throws(UserError) -> PinholeSet {
        let backend = PinholeSet.Backend.loaded.first ?? .iptables
        var pinholes = try attempt({ () throws(SystemError) in try PinholeSet.open(backend) }) { error in
            switch backend {
            case .nft: lacking("nftables", module: "nf_tables", error)
            case .iptables:
                lacking(
                    "ipset",
                    module: "ip_set_hash_ipportip, or use nftables: pinhole rules load --backend nft",
                    error
                )
            }
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
                "\(path) is not a socket",
                hint: "remove it, or choose another path with --socket"
            )
        }
        return UserError(
            "another daemon listens at \(path)",
            hint: "stop it, or choose another path with --socket"
        )
    }

    static func unforeseen(_ error: SystemError) -> UserError {
        UserError(error.description, hint: "see the kernel's log")
    }
}
