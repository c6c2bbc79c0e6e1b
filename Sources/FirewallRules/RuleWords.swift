// SPDX-License-Identifier: GPL-2.0-or-later

/// The words of a rule, as iptables-save writes it.
extension [Substring] {
    /// The word behind the first of these options: `ACCEPT` behind `-j`.
    package func value(of options: Set<Substring>) -> Substring? {
        zip(self, dropFirst()).first { options.contains($0.0) }?.1
    }
}
