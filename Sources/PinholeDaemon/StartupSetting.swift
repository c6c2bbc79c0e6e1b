// SPDX-License-Identifier: GPL-2.0-or-later

/// A setting whose new value takes effect only at the next start; named as its key in the configuration file.
package enum StartupSetting: String, CaseIterable, Sendable {
    case queues
    case socket
    case state
    case peerState = "peer-state"
    case user

    /// Whether two configurations have different values of it.
    func differs(_ one: Settings, _ other: Settings) -> Bool {
        switch self {
        case .queues: one.queues != other.queues
        case .socket: one.socketPath != other.socketPath
        case .state: one.statePath != other.statePath
        case .peerState: one.peerStatePath != other.peerStatePath
        case .user: one.user != other.user
        }
    }
}
