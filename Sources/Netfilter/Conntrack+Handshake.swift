import CNetfilter
package import FTPHelper
package import Linux

/// Data connections on a gateway that has rules with SYNPROXY.
extension Conntrack {
    /// Lets conntrack take an expected connection for established (`TCP_CONNTRACK_ESTABLISHED`) whose SYN-ACK waits.
    ///
    /// Each entry that is made through ctnetlink has what those of SYNPROXY have (`nfct_synproxy_ext_add` in
    /// `ctnetlink_create_conntrack`). While it is in `TCP_CONNTRACK_SYN_RECV`, SYNPROXY's hook, which there is once any rule
    /// has that target, answers the SYN-ACK itself and lets it go no further (`ipv4_synproxy_hook`).
    ///
    /// - Parameter reply: the SYN-ACK's own tuple, in whatever zone; nothing happens if it is of no such connection.
    /// - Throws: `ENOENT` if the connection has gone meanwhile.
    package mutating func concludeHandshake(_ reply: Tuple) throws(SystemError) {
        let entry = try entries(of: reply).first { $0.master != nil && $0.phase == .opening }
        guard let original = entry?.mapping.original else { return }
        try change("take a data connection out of SYNPROXY's way", original) {
            $0.put(connection: original)
            $0.nest(CTA_PROTOINFO.rawValue) {
                $0.nest(CTA_PROTOINFO_TCP.rawValue) {
                    $0.put(CTA_PROTOINFO_TCP_STATE.rawValue, UInt8(TCP_CONNTRACK_ESTABLISHED.rawValue))
                }
            }
        }
    }
}
