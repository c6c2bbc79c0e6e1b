import Glibc
import Netfilter
import PinholeDaemon

/// Looks at everything that Pinhole needs in this network namespace, and changes nothing that lasts.
struct Inspection {
    private(set) var findings: [Finding] = []

    /// What the loaded rules name; where none are loaded, what they would name.
    private var queues = QueueNumbers()
    private var ports: Set<UInt16> = []

    /// Inspects everything; the daemon is looked for at `socketPath`.
    init(socketPath: String) {
        guard Capabilities.contain(.networkAdministration) else {
            findings = [.missing("no permission to look", mend: "run it as root, or with CAP_NET_ADMIN")]
            return
        }
        inspectKernel()
        inspectRules()
        if ports.isEmpty { ports = [21] }
        inspectDaemon(at: socketPath)
        inspectKernelHelper()
        inspectForwarding()
    }

    // MARK: - The kernel

    private mutating func inspectKernel() {
        note("kernel: NFQUEUE", mend: "modprobe nfnetlink_queue") { () throws(SystemError) in
            if QueueBinding.all.isEmpty { _ = try PacketQueue.open(.max) }
        }
        note("kernel: ctnetlink", mend: "modprobe nf_conntrack_netlink") { () throws(SystemError) in
            _ = try Conntrack.open()
        }
        note("kernel: ipset", mend: "modprobe ip_set_hash_ipportip") { () throws(SystemError) in
            _ = try PinholeSet.open()
        }
    }

    /// Notes whether the kernel grants the attempt.
    private mutating func note(_ subject: String, mend: String, _ attempt: () throws(SystemError) -> Void) {
        do {
            try attempt()
            findings.append(.fine(subject))
        } catch {
            findings.append(.missing("\(subject): \(error)", mend: mend))
        }
    }

    // MARK: - Sets and rules

    private mutating func inspectRules() {
        let installation: Installation
        do {
            installation = try Installation.current()
        } catch {
            findings.append(.missing(error.message, mend: error.mend))
            return
        }
        for family in PinholeSet.Family.allCases {
            inspectSet(family, installation.sets[family])
            for table in Table.allCases { inspectPart(of: table, family, installation.parts[family]?[table]) }
        }
    }

    private mutating func inspectSet(_ family: PinholeSet.Family, _ definition: String?) {
        let subject = "set \(family.name)"
        switch definition {
        case nil:
            findings.append(.missing("\(subject): not there", mend: "pinhole rules load"))
        case let definition? where !family.accepts(setDefinition: definition):
            let mend = "pinhole rules unload, then pinhole rules load"
            findings.append(.missing("\(subject): of another kind, \(definition)", mend: mend))
        default:
            findings.append(.fine(subject))
        }
    }

    private mutating func inspectPart(of table: Table, _ family: PinholeSet.Family, _ part: TablePart?) {
        let subject = "rules in \(family.program) \(table.rawValue)"
        guard let part else {
            findings.append(.missing("\(subject): none", mend: "pinhole rules load"))
            return
        }
        let hooks = ["PREROUTING", "OUTPUT"].filter { hook in
            !part.jumps.contains { $0.hasPrefix("\(hook) ") }
        }
        guard hooks.isEmpty else {
            findings.append(
                .missing(
                    "\(subject): no jump from \(hooks.joined(separator: ", "))",
                    mend: "pinhole rules load"
                )
            )
            return
        }
        guard let queue = part.numbers(after: "--queue-num").first else {
            findings.append(.missing("\(subject): nothing goes to a queue", mend: "pinhole rules load"))
            return
        }
        switch table {
        case .mangle:
            queues.control = queue
            let found = part.numbers(after: "--ctorigdstport")
            ports.formUnion(found)
            let list = found.map(String.init).joined(separator: ", ")
            findings.append(.fine("\(subject): port \(list) to queue \(queue)"))
        case .raw:
            queues.data = queue
            findings.append(.fine("\(subject): what is in \(family.name) to queue \(queue)"))
        }
    }

    // MARK: - The daemon

    private mutating func inspectDaemon(at path: String) {
        let daemon = SocketHolder(listenerAt: path)
        do throws(Obstacle) {
            try ControlConnection.ask(.statistics(.json), at: path) { _ throws(Obstacle) in }
            findings.append(
                .fine("daemon: answers at \(path)\(daemon.map { ", process \($0.process)" } ?? "")")
            )
            inspectConfinement(of: daemon)
        } catch {
            findings.append(.missing("daemon: \(error.message)", mend: error.mend))
        }
        let bindings = QueueBinding.all
        inspectQueue(queues.control, "control packets", bindings, daemon)
        inspectQueue(queues.data, "data connections", bindings, daemon)
    }

    private mutating func inspectConfinement(of daemon: SocketHolder?) {
        let status = daemon.flatMap { try? TextFile.read("/proc/\($0.process)/status") }
        if let confinement = status.flatMap(Confinement.init) {
            findings += confinement.findings
        } else {
            let mend = "run pinhole check where the daemon runs"
            findings.append(.doubtful("daemon: what it may do cannot be seen from here", mend: mend))
        }
    }

    private mutating func inspectQueue(
        _ number: UInt16,
        _ purpose: String,
        _ bindings: [QueueBinding],
        _ daemon: SocketHolder?
    ) {
        let subject = "queue \(number), \(purpose)"
        guard let binding = bindings.first(where: { $0.queue == number }) else {
            let mend = "pinhole run --queues \(queues.control),\(queues.data)"
            findings.append(.missing("\(subject): nobody listens", mend: mend))
            return
        }
        guard let holder = SocketHolder(nfnetlinkPort: binding.port) else {
            let mend = "make sure that it is the daemon"
            findings.append(
                .doubtful("\(subject): a process that cannot be seen from here listens", mend: mend)
            )
            return
        }
        let title = "\(holder.name), process \(holder.process)"
        if let daemon, daemon.process != holder.process {
            findings.append(
                .missing("\(subject): \(title) listens, not the daemon", mend: "give each its own queues")
            )
        } else {
            findings.append(.fine("\(subject): \(title) listens"))
        }
    }

    // MARK: - The surroundings

    /// Connections with a helper of the kernel are left alone by the daemon, for both would rewrite them.
    private mutating func inspectKernelHelper() {
        var deletions: [String] = []
        for family in PinholeSet.Family.allCases {
            guard let saved = try? Firewall.save(family) else { continue }
            deletions += HelperRule.all(in: saved, for: ports).map { "\(family.program) \($0.deletion)" }
        }
        for deletion in deletions {
            findings.append(.missing("the kernel's helper: a rule gives it the same port", mend: deletion))
        }
        if setting("net/netfilter/nf_conntrack_helper") == "1" {
            let mend = "sysctl net.netfilter.nf_conntrack_helper=0"
            findings.append(.missing("the kernel's helper: given to connections by itself", mend: mend))
        } else if deletions.isEmpty {
            findings.append(.fine("the kernel's helper: not in the way"))
        }
    }

    private mutating func inspectForwarding() {
        for (title, path) in [("IPv4", "net/ipv4/ip_forward"), ("IPv6", "net/ipv6/conf/all/forwarding")] {
            if setting(path) == "0" {
                let name = path.split(separator: "/").joined(separator: ".")
                let mend = "sysctl \(name)=1, unless the FTP server or client is this host itself"
                findings.append(.doubtful("forwarding of \(title): off", mend: mend))
            } else {
                findings.append(.fine("forwarding of \(title)"))
            }
        }
    }

    /// A kernel setting, without the line feed; `nil` where the kernel has none of that name.
    private func setting(_ path: String) -> String? {
        (try? TextFile.read("/proc/sys/\(path)")).map { $0.split(separator: "\n").joined() }
    }
}
