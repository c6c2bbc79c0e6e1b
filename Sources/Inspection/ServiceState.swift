// SPDX-License-Identifier: GPL-2.0-or-later
import Linux

/// The state of a unit, from `systemctl show`.
struct ServiceState: Hashable, Sendable {
    /// `loaded`, `not-found`, `masked`, ...
    private let load: String
    /// `enabled`, `disabled`, ...
    private let file: String
    /// `active`, `inactive`, `failed`, ...
    private let activity: String

    /// Asks systemd for the state of a service; `nil` if systemd does not run.
    static func current(of name: String) -> ServiceState? {
        let properties = "--property=LoadState,UnitFileState,ActiveState"
        guard let child = try? ChildProcess.run("systemctl", ["show", properties, "\(name).service"]),
            child.status == 0
        else { return nil }
        return ServiceState(parsing: child.output)
    }

    /// Reads lines of `NAME=VALUE`; `nil` if one is missing.
    init?(parsing text: String) {
        var values: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            let name = line.prefix { $0 != "=" }
            values[name] = line.dropFirst(name.count + 1)
        }
        guard let load = values["LoadState"], let file = values["UnitFileState"],
            let activity = values["ActiveState"]
        else { return nil }
        (self.load, self.file, self.activity) = (String(load), String(file), String(activity))
    }

    /// Whether systemd knows the unit.
    var isInstalled: Bool { load == "loaded" }

    /// Whether it runs.
    var isActive: Bool { ["active", "reloading"].contains(activity) }

    /// What to say of `pinhole.service`: a finding for its start at boot and one for its state, or one that says why there is
    /// neither.
    func findings(in role: GatewayRole) -> [Finding] {
        switch load {
        case "loaded": [atBoot(in: role), now(in: role)]
        case "not-found":
            [
                .warning(
                    "service: unknown to systemd",
                    hint: "make sure that something else starts pinholed"
                )
            ]
        case "masked": [.warning("service: masked", hint: "systemctl unmask pinhole")]
        default: [.warning("service: \(load)", hint: "systemd-analyze verify pinhole.service says why")]
        }
    }

    private func atBoot(in role: GatewayRole) -> Finding {
        switch (role, file == "enabled") {
        case (.single, true): .fine("service: starts at boot")
        case (.single, false):
            .warning("service: does not start at boot, it is \(file)", hint: "systemctl enable pinhole")
        case (.active, false), (.standby, false): .fine("service: started by keepalived, not at boot")
        case (.active, true), (.standby, true):
            .warning(
                "service: starts at boot, so it may run on both gateways of the pair",
                hint: "systemctl disable pinhole, and let keepalived start it"
            )
        }
    }

    private func now(in role: GatewayRole) -> Finding {
        if isActive { return .fine("service: \(activity)") }
        guard activity == "inactive" else {
            return .warning("service: \(activity)", hint: "journalctl -u pinhole says why")
        }
        switch role {
        case .single: return .warning("service: inactive", hint: "systemctl start pinhole")
        case .active: return .warning("service: inactive", hint: "see the log of keepalived, which starts it")
        case .standby: return .fine("service: inactive, as it has to be on the standby")
        }
    }

    /// What to say of `pinhole-rules-watch.service`, which is needed while the rules are to be there.
    var guardFinding: Finding {
        isActive
            ? .fine("guard: pinhole-rules-watch keeps the rules loaded")
            : .warning(
                "guard: pinhole-rules-watch is \(activity), so the next reload of the firewall ends FTP",
                hint:
                    "systemctl start pinhole-rules-watch; journalctl -u pinhole-rules-watch says why it ended"
            )
    }

    /// What to say of `pinhole-sync.service` if it does not write its status.
    ///
    /// - Parameter path: where it would write it.
    /// - Returns: what to say and to do.
    func syncFinding(_ path: String) -> Finding {
        switch (isActive, activity) {
        case (true, _):
            .failed(
                "pair: pinhole sync does not write \(path)",
                hint: "see whether there is room (df), and journalctl -u pinhole-sync"
            )
        case (false, "inactive"):
            .failed("pair: pinhole sync does not run", hint: "systemctl enable --now pinhole-sync")
        case (false, _):
            .failed("pair: pinhole-sync is \(activity)", hint: "journalctl -u pinhole-sync says why")
        }
    }
}
