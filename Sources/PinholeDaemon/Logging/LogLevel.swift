/// How much a line of the log matters, the most important first.
package enum LogLevel: String, Hashable, Sendable, CaseIterable, Comparable {
    case error
    case warning
    case info
    case debug

    /// The number that the journal knows it by (`LOG_ERR`, `LOG_WARNING`, `LOG_INFO`, `LOG_DEBUG`).
    package var priority: Int {
        switch self {
        case .error: 3
        case .warning: 4
        case .info: 6
        case .debug: 7
        }
    }

    /// A level is less than one that matters more.
    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.priority > right.priority }
}
