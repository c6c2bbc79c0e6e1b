// SPDX-License-Identifier: GPL-2.0-or-later
package import Configuration
import FirewallRules
import Glibc
import Linux
import Messages
import Netfilter
import PinholeDaemon

/// The checks of `pinhole check`, which change nothing.
package struct Inspection {
    package internal(set) var findings: [Finding] = []

    /// The settings that a daemon with this configuration would have.
    let settings: Settings

    /// The queues and ports of the loaded rules, or the configured ones.
    var queues: QueueNumbers
    var ports: Set<UInt16> = []

    /// The backend of the loaded rules, or of those that would be loaded.
    let choice: BackendChoice
    let backends: [PinholeSet.Backend]
    /// Every rule of each family of iptables that can be read, as `iptables-save` writes it.
    let saved: [PinholeSet.Family: String]

    /// Whether this process may look at everything.
    let mayLook = Capabilities.contain(.networkAdministration)

    /// What `pinhole sync` has written, if this is a gateway of a pair.
    let peer: PeerStatus?
    let role: GatewayRole

    /// The usual port of the exporter.
    let exporterPort: UInt16

    /// Runs all checks.
    ///
    /// - Parameters:
    ///   - configuration: The configuration that the daemon should have.
    ///   - socketPath: The control socket, if the configuration cannot be read.
    ///   - exporterPort: The port at which an exporter listens on 127.0.0.1 unless it is told another one.
    package init(_ configuration: Configuration, socketPath: String, exporterPort: UInt16) {
        let configured = try? configuration.settings()
        settings = configured ?? Settings(socketPath: socketPath)
        queues = settings.queues
        choice = BackendChoice(for: RuleSet(settings), configured: settings.backend)
        self.exporterPort = exporterPort
        let now = Clock.now()
        peer = PeerStatus.read(besides: settings.peerStatePath)
        let isPaired = settings.sync.peer != nil || peer?.isFresh(at: now) ?? false
        role = GatewayRole(isPaired: isPaired, peer, at: now)
        let loaded = PinholeSet.Backend.loaded
        backends = loaded.isEmpty ? [choice.backend] : loaded
        saved = PinholeSet.Family.allCases.reduce(into: [:]) { $0[$1] = try? Firewall.save($1) }
        guard mayLook else {
            inspectWithoutRoot(configuration)
            return
        }
        inspectKernel()
        inspectRules()
        if configured != nil { inspectDifferences() }
        if ports.isEmpty { ports = Set(settings.ports) }
        inspectOrder()
        inspectSavedFirewalls()
        inspectConfiguration(configuration)
        inspectFTPS()
        inspectPorts()
        inspectUser()
        inspectServices()
        let isUp = inspectDaemon()
        inspectExporter(daemonIsUp: isUp)
        inspectPair()
        inspectKernelHelper()
        inspectFirewall()
        inspectVRF()
        inspectReversePath()
    }

    /// What members of the daemon's group can see.
    private mutating func inspectWithoutRoot(_ configuration: Configuration) {
        let hint = "run it as root, or with CAP_NET_ADMIN"
        findings.append(.warning("no permission to inspect kernel, rules and firewall", hint: hint))
        inspectAccounting()
        inspectConfiguration(configuration)
        inspectUser()
        inspectServices()
        let isUp = inspectDaemon()
        inspectExporter(daemonIsUp: isUp)
        inspectPair()
        inspectReversePath()
    }

    // MARK: - Sets and rules

    private mutating func inspectRules() {
        for backend in backends {
            if backend != backends.first {
                findings.append(
                    .failed(
                        "rules: loaded with both nftables and iptables, so packets are queued twice",
                        hint: "pinhole rules unload, then pinhole rules load"
                    )
                )
            }
            switch backend {
            case .nft: inspectTable()
            case .iptables: inspectInstallation()
            }
        }
    }

    private mutating func inspectInstallation() {
        let installation: Installation
        do {
            installation = try Installation.current()
        } catch {
            findings.append(.failed(error.message, hint: error.hint))
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
            findings.append(.failed("\(subject): missing", hint: "pinhole rules load"))
        case let definition? where !family.accepts(setDefinition: definition):
            let hint = "pinhole rules unload, then pinhole rules load"
            findings.append(.failed("\(subject): of another type, \(definition)", hint: hint))
        default:
            findings.append(.fine(subject))
        }
    }

    private mutating func inspectPart(of table: Table, _ family: PinholeSet.Family, _ part: TablePart?) {
        let subject = "rules in \(family.program) \(table.rawValue)"
        guard let part else {
            findings.append(.failed("\(subject): none", hint: "pinhole rules load"))
            return
        }
        let hooks = ["PREROUTING", "OUTPUT"].filter { hook in
            !part.jumps.contains { $0.hasPrefix("\(hook) ") && $0.hasSuffix(" \(TablePart.chain)") }
        }
        guard hooks.isEmpty else {
            let list = hooks.joined(separator: ", ")
            findings.append(.failed("\(subject): no jump from \(list)", hint: "pinhole rules load"))
            return
        }
        noteQueue(
            part.queue,
            of: table,
            ports: Set(part.numbers(after: "--ctorigdstport")),
            sets: family.name,
            subject
        )
    }

    /// Notes the queue of the rules in a table, with the ports or the sets that they match.
    mutating func noteQueue(
        _ queue: UInt16?,
        of table: Table,
        ports found: Set<UInt16>,
        sets: String,
        _ subject: String
    ) {
        guard let queue else {
            findings.append(.failed("\(subject): no packets go to a queue", hint: "pinhole rules load"))
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
            findings.append(.fine("\(subject): members of \(sets) to queue \(queue)"))
        }
    }

    // MARK: - Configuration and user

    private mutating func inspectConfiguration(_ configuration: Configuration) {
        do throws(UserError) {
            _ = try configuration.settings()
            let isThere = (try? TextFile.read(configuration.path)) != nil
            let subject = isThere ? configuration.path : "no \(configuration.path): the defaults are used"
            findings.append(.fine("configuration: \(subject)"))
        } catch {
            findings += error.all.map { .failed("configuration: \($0.message)", hint: $0.hint) }
        }
    }

    private mutating func inspectServices() {
        guard let daemon = ServiceState.current(of: "pinhole") else { return }
        findings += daemon.findings(in: role)
        guard daemon.isActive || role == .standby,
            let watch = ServiceState.current(of: "pinhole-rules-watch"),
            watch.isInstalled
        else { return }
        findings.append(watch.guardFinding)
    }

    private mutating func inspectUser() {
        let name = settings.user ?? Settings.usualUser
        let subject = "user \(name)"
        let hint = "useradd --system --shell /usr/sbin/nologin \(name)"
        if let account = try? Account(named: name) {
            findings.append(.fine("\(subject): number \(account.user)"))
        } else if settings.user != nil {
            findings.append(.failed("\(subject): does not exist", hint: hint))
        } else {
            findings.append(.warning("\(subject): does not exist, the daemon would stay root", hint: hint))
        }
    }

    /// The value of a sysctl; `nil` if the kernel does not have it.
    func setting(_ path: String) -> String? {
        (try? TextFile.read("/proc/sys/\(path)")).map { $0.split(separator: "\n").joined() }
    }
}
