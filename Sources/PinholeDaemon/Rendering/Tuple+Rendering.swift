// SPDX-License-Identifier: GPL-2.0-or-later
package import Formats
package import FTPHelper

extension Tuple {
    /// `{"client":"10.1.0.2:40112","server":"10.2.0.2:21"}`, of a tuple whose source is the client.
    package var json: JSON {
        .object([
            JSON.Member("client", .string(source.description)),
            JSON.Member("server", .string(destination.description)),
        ])
    }
}
