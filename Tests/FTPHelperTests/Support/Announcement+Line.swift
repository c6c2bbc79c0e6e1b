// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// What announces; `Testing` has an `Expectation` of its own.
typealias Kind = FTPHelper.Expectation.Kind

extension Announcement {
    /// Reads a line of either side, whichever it is.
    init?(line: [UInt8], on connection: IPAddress) {
        if let command = Command(parsing: line.span) {
            self.init(command, in: line.span, on: connection)
        } else if let reply = Reply(parsing: line.span), let kind = Announcement.kind(of: reply) {
            self.init(kind, in: line.span, on: connection)
        } else {
            return nil
        }
    }

    /// What a reply announces, if it has the code for it.
    static func kind(of reply: Reply) -> Kind? {
        let kinds: [UInt16: Kind] = [227: .pasv, 228: .lpsv, 229: .epsv]
        return kinds[reply.code]
    }
}
