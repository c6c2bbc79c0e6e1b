// SPDX-License-Identifier: GPL-2.0-or-later
import Linux

/// The state of `pinhole.service`, from `systemctl show`.
struct ServiceState: Hashable, Sendable {
    /// `loaded`, `not-found`, `masked`, ...
    private let load: String
    /// `enabled`, `disabled`, ...
    private let file: String
    /// `active`, `inactive`, `failed`, ...
    private let activity: String

    /// Asks systemd; `nil` if it does not run.
    static var current: ServiceState? {
        let properties = "--property=LoadState,UnitFileState,ActiveState"
        guard let child = try? ChildProcess.run("systemctl", ["show", properties, "pinhole.service"]),
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

    /// One finding for its start at boot and one for its state, or one that says why there is neither.
    var findings: [Finding] {
        switch load {
        case "loaded": [atBoot, now]
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

    private var atBoot: Finding {
        file == "enabled"
            ? .fine("service: starts at boot")
            : .warning("service: does not start at boot, it is \(file)", hint: "systemctl enable pinhole")
    }

    private var now: Finding {
        switch activity {
        case "active", "reloading": .fine("service: \(activity)")
        case "inactive": .warning("service: inactive", hint: "systemctl start pinhole")
        default: .warning("service: \(activity)", hint: "journalctl -u pinhole says why")
        }
    }
}
