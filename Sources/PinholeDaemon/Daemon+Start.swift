import Glibc
import Netfilter

extension Daemon {
    /// Takes everything that the daemon needs of the system, and empties the sets of what an earlier one left there.
    ///
    /// Where one thing is missing nothing is left behind: what was taken before it goes with the failed call. The
    /// sets are emptied last, when it is certain that no other daemon uses them.
    package static func start(_ settings: Settings) throws(Obstacle) -> Daemon {
        guard Capabilities.contain(.networkAdministration), Capabilities.contain(.rawSockets) else {
            throw Obstacle(
                "no permission to change the network",
                mend: "run it as root, or with CAP_NET_ADMIN and CAP_NET_RAW"
            )
        }
        try attempt(Descriptor.occupyStandardStreams, orElse: unforeseen)
        SignalDescriptor.ignoreBrokenPipes()
        let signals = try attempt(SignalDescriptor.open, orElse: unforeseen)
        let conntrack = try attempt(Conntrack.open) {
            lacking("ctnetlink", module: "nf_conntrack_netlink", $0)
        }
        var pinholes = try attempt(PinholeSet.open) { lacking("ipset", module: "ip_set_hash_ipportip", $0) }
        for family in PinholeSet.Family.allCases {
            guard try attempt({ () throws(SystemError) in try pinholes.exists(family) }, orElse: mistyped)
            else {
                throw Obstacle(
                    "there is no set \(family.name)",
                    mend: "load the rules with: pinhole rules load"
                )
            }
        }
        let injector = try attempt(PacketInjector.open, orElse: unforeseen)
        let server = try attempt {
            () throws(SystemError) in
            try ControlServer.open(settings.socketPath)
        } orElse: {
            unreachable(settings.socketPath, $0)
        }
        let controlQueue = try open(settings.controlQueue)
        let dataQueue = try open(settings.dataQueue)
        let poller = try attempt(Poller.open, orElse: unforeseen)
        for number in [signals.number, server.number, controlQueue.fileDescriptor, dataQueue.fileDescriptor] {
            try attempt(
                { () throws(SystemError) in try poller.add(number, for: .reading) },
                orElse: unforeseen
            )
        }
        try attempt({ () throws(SystemError) in try pinholes.flush() }, orElse: unforeseen)
        return Daemon(
            settings,
            signals: signals,
            poller: poller,
            server: server,
            controlQueue: controlQueue,
            dataQueue: dataQueue,
            path: PacketPath(settings.policy, LinuxKernel(conntrack, pinholes, injector))
        )
    }

    private static func open(_ queue: UInt16) throws(Obstacle) -> PacketQueue {
        try attempt {
            () throws(SystemError) in
            try PacketQueue.open(queue)
        } orElse: { error in
            guard error.code == EBUSY else { return lacking("NFQUEUE", module: "nfnetlink_queue", error) }
            return Obstacle(
                "another process has queue \(queue)",
                mend: "end it, or choose other queues with --queues, here and for pinhole rules"
            )
        }
    }

    /// Does one step of the start, and says how to mend what it may fail with.
    private static func attempt<Result: ~Copyable>(
        _ step: () throws(SystemError) -> Result,
        orElse obstacle: (SystemError) -> Obstacle
    ) throws(Obstacle) -> Result {
        do throws(SystemError) {
            return try step()
        } catch {
            throw obstacle(error)
        }
    }

    private static func lacking(_ subsystem: String, module: String, _ error: SystemError) -> Obstacle {
        guard error.code == EPROTONOSUPPORT else { return unforeseen(error) }
        return Obstacle("the kernel has no \(subsystem)", mend: "load its module with: modprobe \(module)")
    }

    private static func mistyped(_ error: SystemError) -> Obstacle {
        Obstacle(error.description, mend: "destroy it, then load the rules with: pinhole rules load")
    }

    private static func unreachable(_ path: String, _ error: SystemError) -> Obstacle {
        guard error.code == EADDRINUSE else {
            return Obstacle(error.description, mend: "choose another path with --socket")
        }
        if FileIdentity(ofSocketAt: path) == nil {
            return Obstacle(
                "\(path) is a file and no socket",
                mend: "remove it, or choose another path with --socket"
            )
        }
        return Obstacle(
            "another daemon listens at \(path)",
            mend: "end it, or choose another path with --socket"
        )
    }

    private static func unforeseen(_ error: SystemError) -> Obstacle {
        Obstacle(error.description, mend: "see what the kernel's log says of it")
    }
}
