// SPDX-License-Identifier: GPL-2.0-or-later
extension Fault {
    /// The log level of its line: an error may cost a session or a transfer; a warning goes away by itself, or is for the
    /// administrator to set right.
    var level: LogLevel {
        switch self {
        case .controlQueue, .dataQueue, .findConnection, .setLiberal, .createConnection, .openPinhole,
            .injectPacket, .state:
            .error
        case .overrun, .findRoute, .closePinhole, .emptiedSet, .setMark, .kernelHelper, .controlSocket, .log:
            .warning
        }
    }
}
