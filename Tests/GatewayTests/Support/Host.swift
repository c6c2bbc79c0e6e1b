// SPDX-License-Identifier: GPL-2.0-or-later

/// A machine of the lab: a network namespace, named so.
enum Host: String, CaseIterable {
    case client
    case gateway
    case server
    /// A third party, on a link of its own to the gateway.
    case stranger
}
