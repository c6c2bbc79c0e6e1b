// SPDX-License-Identifier: GPL-2.0-or-later
package import Formats
package import FTPHelper

extension Expectation.Access {
    /// The object `ftps` of a connection: `{"ports":"49000-50000","active":"no","live":1,"max":10}`.
    package var json: JSON {
        .object([
            JSON.Member("ports", .string(portsText)),
            JSON.Member("active", .string(active.rawValue)),
            JSON.Member("live", .integer(UInt64(live))),
            JSON.Member("max", .integer(UInt64(maximum))),
        ])
    }

    /// `49000-50000`.
    package var portsText: String { "\(ports.lowerBound)-\(ports.upperBound)" }
}
