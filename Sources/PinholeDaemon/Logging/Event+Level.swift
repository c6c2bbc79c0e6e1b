// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

extension Event {
    /// The log level of its line.
    ///
    /// At the default level the log has what an administrator may have to act on, and the result of each session. The steps in
    /// between are for debugging, and for `pinhole events`.
    var level: LogLevel {
        switch self {
        case .refused, .gap, .outOfStep, .unopened, .blocked, .closed(_, .failed): .warning
        case .connectionClosed, .transfer, .encrypted, .expired, .closed(_, .deleted): .info
        case .addressDecision(let decision): decision.isRewritten ? .debug : .info
        case .connection, .expectation, .data, .closed: .debug
        }
    }
}
