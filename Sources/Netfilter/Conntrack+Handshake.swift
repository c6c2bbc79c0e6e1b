// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
package import FTPHelper
package import Linux

/// Handshakes of data connections on a gateway that has SYNPROXY rules.
extension Conntrack {
    /// Sets the state of an expected data connection to `TCP_CONNTRACK_ESTABLISHED` while its SYN-ACK waits for a verdict.
    ///
    /// Otherwise the SYN-ACK would be lost. The kernel gives every entry created through ctnetlink the SYNPROXY extension
    /// (`nfct_synproxy_ext_add` in `ctnetlink_create_conntrack`). If any rule has the SYNPROXY target, its hook answers the
    /// SYN-ACK of such an entry in `TCP_CONNTRACK_SYN_RECV` itself and drops it (`ipv4_synproxy_hook`).
    ///
    /// - Parameter reply: The tuple of the SYN-ACK, whose zone is ignored. Nothing happens if it belongs to no expected
    ///   connection in that state.
    /// - Throws: `ENOENT` if the connection no longer exists.
    package mutating func concludeHandshake(_ reply: Tuple) throws(SystemError) {
        let entry = try entries(of: reply).first { $0.master != nil && $0.phase == .opening }
        guard let original = entry?.mapping.original else { return }
        try change("exempt a data connection from SYNPROXY", original) {
            $0.put(connection: original)
            $0.nest(CTA_PROTOINFO.rawValue) {
                $0.nest(CTA_PROTOINFO_TCP.rawValue) {
                    $0.put(CTA_PROTOINFO_TCP_STATE.rawValue, UInt8(TCP_CONNTRACK_ESTABLISHED.rawValue))
                }
            }
        }
    }
}
