// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
import Linux

extension SystemError {
    /// Creates an error from a netlink answer, whose code can be one of ipset's own.
    init(_ operation: String, answer code: Int32) {
        self.init(operation, code: code, meaning: SystemError.ipsetReasons[code])
    }

    /// A set of that name has another type (`IPSET_ERR_TYPE_MISMATCH`); used for nftables sets too.
    static let typeMismatch = Int32(IPSET_ERR_TYPE_MISMATCH.rawValue)

    /// Texts for the codes of `enum ipset_errno` that adding, removing and flushing can return; `strerror` has none.
    private static let ipsetReasons: [Int32: String] = [
        Int32(IPSET_ERR_PROTOCOL.rawValue): "the kernel speaks another version of the ipset protocol",
        Int32(IPSET_ERR_FIND_TYPE.rawValue): "the kernel lacks the set type",
        Int32(IPSET_ERR_BUSY.rawValue): "the set is being destroyed",
        typeMismatch: "the set is of another type",
        Int32(IPSET_ERR_EXIST.rawValue): "no such member in the set",
        Int32(IPSET_ERR_INVALID_FAMILY.rawValue): "the set is of another address family",
        Int32(IPSET_ERR_TIMEOUT.rawValue): "the set was created without timeouts",
        Int32(IPSET_ERR_IPADDR_IPV4.rawValue): "the set holds only IPv4 addresses",
        Int32(IPSET_ERR_IPADDR_IPV6.rawValue): "the set holds only IPv6 addresses",
        Int32(IPSET_ERR_HASH_FULL): "the set is full",
        Int32(IPSET_ERR_HASH_ELEM): "the set does not accept this element",
        Int32(IPSET_ERR_INVALID_PROTO): "the set does not accept this transport protocol",
        Int32(IPSET_ERR_MISSING_PROTO): "the set requires a transport protocol",
    ]
}
