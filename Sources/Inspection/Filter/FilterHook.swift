// SPDX-License-Identifier: GPL-2.0-or-later

/// A place on the way of a packet through the kernel, at which chains begin.
enum FilterHook: String, Hashable, Sendable, CaseIterable {
    case prerouting
    case input
    case forward
    case output
    case postrouting

    /// The name of the built-in chains of iptables.
    var chain: String { rawValue.uppercased() }

    /// The tables of iptables that packets pass at this hook, in this order, and that may drop: `nat` may not.
    var tables: [String] {
        switch self {
        case .prerouting: ["raw", "mangle"]
        case .input, .forward: ["mangle", "filter", "security"]
        case .output: ["raw", "mangle", "filter", "security"]
        case .postrouting: ["mangle"]
        }
    }
}
