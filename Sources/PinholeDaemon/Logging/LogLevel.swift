// SPDX-License-Identifier: GPL-2.0-or-later

/// The level of a log line, the most important first.
package enum LogLevel: String, Hashable, Sendable, CaseIterable, Comparable {
    case error
    case warning
    case info
    case debug

    /// Its syslog priority (`LOG_ERR`, `LOG_WARNING`, `LOG_INFO`, `LOG_DEBUG`).
    package var priority: Int {
        switch self {
        case .error: 3
        case .warning: 4
        case .info: 6
        case .debug: 7
        }
    }

    /// Orders the levels by importance, the least important first.
    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.priority > right.priority }
}
