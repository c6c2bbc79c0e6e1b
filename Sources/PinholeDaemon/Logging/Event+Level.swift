import FTPHelper

extension Event {
    /// How much its line in the log matters.
    ///
    /// By default the log has what an administrator may have to act on, and what became of each session. The steps on
    /// the way there are for those who look for a fault, and for `pinhole events`.
    var level: LogLevel {
        switch self {
        case .refused, .gap, .unopened, .closed(_, .failed): .warning
        case .connectionClosed, .transfer, .encrypted, .expired, .closed(_, .deleted): .info
        case .naming(let naming): naming.isRewritten ? .debug : .info
        case .connection, .expectation, .data, .closed: .debug
        }
    }
}
