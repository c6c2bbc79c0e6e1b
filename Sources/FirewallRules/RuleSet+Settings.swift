// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
package import PinholeDaemon

extension RuleSet {
    /// The rules that the configuration describes.
    package init(_ settings: Settings) {
        let implicit = settings.policy.implicitTLSPorts.filter { !settings.ports.contains($0) }
        self.init(
            ports: settings.ports + implicit,
            queues: settings.queues,
            asksForFTPS: settings.policy.opensForFTPS,
            sparesSynproxy: settings.sparesSynproxy,
            bypassMark: settings.bypassMark,
            isBypassing: settings.isBypassing
        )
    }
}
