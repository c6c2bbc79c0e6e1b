// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import Inspection

struct ServiceStateTests {
    @Test(arguments: [
        ("loaded", "enabled", "active", ["ok       service: starts at boot", "ok       service: active"]),
        (
            "loaded", "disabled", "inactive",
            [
                "warning  service: does not start at boot, it is disabled: systemctl enable pinhole",
                "warning  service: inactive: systemctl start pinhole",
            ]
        ),
        (
            "loaded", "enabled", "activating",
            [
                "ok       service: starts at boot",
                "warning  service: activating: journalctl -u pinhole says why",
            ]
        ),
        (
            "not-found", "", "inactive",
            ["warning  service: unknown to systemd: make sure that something else starts pinholed"]
        ),
        ("masked", "masked", "inactive", ["warning  service: masked: systemctl unmask pinhole"]),
        (
            "bad-setting", "enabled", "inactive",
            ["warning  service: bad-setting: systemd-analyze verify pinhole.service says why"]
        ),
    ])
    func `the answer of systemd becomes lines with hints`(
        _ load: String,
        _ file: String,
        _ activity: String,
        _ lines: [String]
    ) throws {
        let text = "LoadState=\(load)\nActiveState=\(activity)\nUnitFileState=\(file)\n"
        #expect(try #require(ServiceState(parsing: text)).findings(in: .single).map(\.description) == lines)
    }

    @Test(arguments: ["", "LoadState=loaded\n", "System has not been booted with systemd\n"])
    func `another answer is refused`(_ text: String) {
        #expect(ServiceState(parsing: text) == nil)
    }
}
