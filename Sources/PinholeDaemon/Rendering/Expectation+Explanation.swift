// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

extension Expectation {
    /// One sentence for people about an expectation that timed out: why the SYN may not have arrived.
    var expiry: String {
        guard access == nil else {
            return
                "the server of the encrypted session has been silent for 'timeout' seconds, and so has every data "
                + "connection: the session opens its ports again as soon as the server says something"
        }
        let end = "\(to.address) port \(to.port)"
        return kind.isActive
            ? "no SYN came from the server \(from) to \(end): the server did not connect, its own firewall or one before "
                + "this gateway drops the SYN, or it comes from another address or takes another route"
            : "no SYN came from the client \(from) to \(end): the client did not connect, a firewall before this gateway "
                + "drops the SYN, or it comes from another address or takes another route"
    }
}
