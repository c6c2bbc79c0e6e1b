// SPDX-License-Identifier: GPL-2.0-or-later
import Linux

/// How to start the daemon here.
package enum StartAdvice {
    /// The command: of the service, where its unit is installed.
    package static var command: String {
        isUnitInstalled ? "systemctl start \(ServiceInstance.current.unit)" : "pinholed"
    }

    package static var isUnitInstalled: Bool {
        ["/usr/lib", "/lib", "/etc"].contains {
            (try? TextFile.read("\($0)/systemd/system/pinhole.service")) != nil
        }
    }
}
