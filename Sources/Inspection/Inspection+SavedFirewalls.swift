// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules
import Linux

/// Checks of the files from which a firewall is restored at boot.
extension Inspection {
    /// Reports the saved firewalls that have Pinhole's rules.
    mutating func inspectSavedFirewalls() {
        let saved = SavedFirewall.all
        let needed = saved.neededSets
        let isPrepared = needed.isEmpty || Self.createsSetsAtBoot
        for file in saved where file.hasRules {
            let subject = "saved firewall \(file.path): has Pinhole's rules"
            if !isPrepared, !file.usedSets.isDisjoint(with: needed) {
                let hint = "systemctl enable pinhole-sets, or save it again while the rules are unloaded"
                findings.append(
                    .failed(
                        "\(subject), but cannot be restored at boot: nothing creates their sets",
                        hint: hint
                    )
                )
            } else {
                let hint = "save it again while the rules are unloaded, or it restores them without Pinhole"
                findings.append(.warning(subject, hint: hint))
            }
        }
    }

    /// Whether `pinhole-sets.service` is enabled.
    private static var createsSetsAtBoot: Bool {
        (try? TextFile.read("/etc/systemd/system/sysinit.target.wants/pinhole-sets.service")) != nil
    }
}
