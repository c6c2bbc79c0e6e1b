import Glibc
import Linux
import Netfilter
import PinholeDaemon

/// Looks at everything that Pinhole needs in this network namespace, and changes nothing that lasts.
struct Inspection {
    var findings: [Finding] = []

    /// What the arguments of `pinhole check` and the configuration say.
    private(set) var settings: Settings

    /// What the loaded rules name; where none are loaded, what they would name.
    var queues = QueueNumbers()
    var ports: Set<UInt16> = []

    /// Whose rules are loaded, or would be.
    let choice = BackendChoice(for: RuleSet())
    let backends: [PinholeSet.Backend]

    /// Inspects everything, as a daemon with these arguments would find it.
    init(_ arguments: Arguments) {
        settings = Settings(socketPath: arguments.socketPath)
        let loaded = PinholeSet.Backend.loaded
        backends = loaded.isEmpty ? [choice.backend] : loaded
        guard Capabilities.contain(.networkAdministration) else {
            findings = [.missing("no permission to look", hint: "run it as root, or with CAP_NET_ADMIN")]
            return
        }
        inspectKernel()
        inspectRules()
        if ports.isEmpty { ports = [21] }
        inspectOrder()
        inspectConfiguration(Configuration(at: arguments.value(of: RunCommand.config), arguments))
        inspectFTPS()
        inspectUser()
        findings += ServiceState.current?.findings ?? []
        let isUp = inspectDaemon()
        inspectExporter(daemonIsUp: isUp)
        inspectKernelHelper()
        inspectForwarding()
        inspectReversePath()
    }

    // MARK: - Sets and rules

    private mutating func inspectRules() {
        if backends.contains(.nft) { inspectTable() }
        guard backends != [.nft] else { return }
        if backends.contains(.nft) {
            let hint = "pinhole rules unload, then pinhole rules load"
            findings.append(
                .missing("rules: of nftables and of iptables, so that packets are queued twice", hint: hint)
            )
        }
        let installation: Installation
        do {
            installation = try Installation.current()
        } catch {
            findings.append(.missing(error.message, hint: error.hint))
            return
        }
        for family in PinholeSet.Family.allCases {
            inspectSet(family, installation.sets[family.name])
            for table in Table.allCases { inspectPart(of: table, family, installation.parts[family]?[table]) }
        }
    }

    private mutating func inspectSet(_ family: PinholeSet.Family, _ definition: String?) {
        let subject = "set \(family.name)"
        switch definition {
        case nil:
            findings.append(.missing("\(subject): not there", hint: "pinhole rules load"))
        case let definition? where !family.accepts(setDefinition: definition):
            let hint = "pinhole rules unload, then pinhole rules load"
            findings.append(.missing("\(subject): of another kind, \(definition)", hint: hint))
        default:
            findings.append(.fine(subject))
        }
    }

    private mutating func inspectPart(of table: Table, _ family: PinholeSet.Family, _ part: TablePart?) {
        let subject = "rules in \(family.program) \(table.rawValue)"
        guard let part else {
            findings.append(.missing("\(subject): none", hint: "pinhole rules load"))
            return
        }
        let hooks = ["PREROUTING", "OUTPUT"].filter { hook in
            !part.jumps.contains { $0.hasPrefix("\(hook) ") && $0.hasSuffix(" \(TablePart.chain)") }
        }
        guard hooks.isEmpty else {
            let list = hooks.joined(separator: ", ")
            findings.append(.missing("\(subject): no jump from \(list)", hint: "pinhole rules load"))
            return
        }
        // That of the other chain is the data queue.
        let control = TablePart(jumps: [], rules: part.rules.filter { $0.hasPrefix("\(TablePart.chain) ") })
        let queue = control.numbers(after: "--queue-num").first
        take(
            queue,
            of: table,
            ports: Set(part.numbers(after: "--ctorigdstport")),
            sets: family.name,
            subject
        )
    }

    /// Takes note of the queue that the rules of a table send packets to: those of which ports, or from which sets.
    mutating func take(
        _ queue: UInt16?,
        of table: Table,
        ports found: Set<UInt16>,
        sets: String,
        _ subject: String
    ) {
        guard let queue else {
            findings.append(.missing("\(subject): nothing goes to a queue", hint: "pinhole rules load"))
            return
        }
        switch table {
        case .mangle:
            queues.control = queue
            ports.formUnion(found)
            let list = found.sorted().map(String.init).joined(separator: ", ")
            findings.append(.fine("\(subject): port \(list) to queue \(queue)"))
        case .raw:
            queues.data = queue
            findings.append(.fine("\(subject): what is in \(sets) to queue \(queue)"))
        }
    }

    // MARK: - What the next start goes by

    private mutating func inspectConfiguration(_ configuration: Configuration) {
        do throws(UserError) {
            settings = try configuration.settings()
            let isThere = (try? TextFile.read(configuration.path)) != nil
            let subject = isThere ? configuration.path : "no \(configuration.path), all is as by default"
            findings.append(.fine("configuration: \(subject)"))
        } catch {
            findings += error.all.map { .missing("configuration: \($0.message)", hint: $0.hint) }
        }
    }

    private mutating func inspectUser() {
        let name = settings.user ?? Settings.usualUser
        let subject = "user \(name)"
        let hint = "useradd --system --shell /usr/sbin/nologin \(name)"
        if let account = try? Account(named: name) {
            findings.append(.fine("\(subject): number \(account.user)"))
        } else if settings.user != nil {
            findings.append(.missing("\(subject): not there", hint: hint))
        } else {
            findings.append(.doubtful("\(subject): not there, the daemon would stay root", hint: hint))
        }
    }

    /// A kernel setting, without the line feed; `nil` where the kernel has none of that name.
    func setting(_ path: String) -> String? {
        (try? TextFile.read("/proc/sys/\(path)")).map { $0.split(separator: "\n").joined() }
    }
}
