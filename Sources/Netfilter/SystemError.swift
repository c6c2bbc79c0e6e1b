import CNetfilter
import Glibc

/// A request that the system refused: what was asked for, and the number it answered with.
///
/// The description reads on after "pinhole: ": `create the conntrack entry: No space left on device`.
package struct SystemError: Error, Hashable, CustomStringConvertible {
    /// What was tried, as an order: `bind queue 21`.
    package let operation: String
    /// The `errno`; from 4096 on an `IPSET_ERR_...`, which only the ipset subsystem answers with.
    package let code: Int32

    package init(_ operation: String, code: Int32) {
        self.operation = operation
        self.code = code
    }

    package var description: String { "\(operation): \(reason)" }

    /// What `code` means, in words.
    package var reason: String {
        if let words = SystemError.ipsetReasons[code] { return words }
        // Sound: glibc's strerror(3) answers NUL-terminated text for every number, in storage of this thread.
        return unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }

    /// Tells whether the same may well succeed at once: there was no memory for it, or none for the answer.
    package var isMomentary: Bool { code == ENOBUFS || code == ENOMEM }

    /// There is a set of that name and of another type (`IPSET_ERR_TYPE_MISMATCH`); nftables has no such number.
    static let typeMismatch = Int32(IPSET_ERR_TYPE_MISMATCH.rawValue)

    /// `enum ipset_errno` as far as adding, removing and flushing can meet it; `strerror` does not know these.
    private static let ipsetReasons: [Int32: String] = [
        Int32(IPSET_ERR_PROTOCOL.rawValue): "the kernel speaks another version of the ipset protocol",
        Int32(IPSET_ERR_FIND_TYPE.rawValue): "the kernel lacks the set type",
        Int32(IPSET_ERR_BUSY.rawValue): "the set is being destroyed",
        typeMismatch: "the set is of another type",
        Int32(IPSET_ERR_EXIST.rawValue): "no such member in the set",
        Int32(IPSET_ERR_INVALID_FAMILY.rawValue): "the set is of another address family",
        Int32(IPSET_ERR_TIMEOUT.rawValue): "the set was created without timeouts",
        Int32(IPSET_ERR_IPADDR_IPV4.rawValue): "the set wants IPv4 addresses",
        Int32(IPSET_ERR_IPADDR_IPV6.rawValue): "the set wants IPv6 addresses",
        Int32(IPSET_ERR_HASH_FULL): "the set is full",
        Int32(IPSET_ERR_HASH_ELEM): "the set takes no such member",
        Int32(IPSET_ERR_INVALID_PROTO): "the set takes no such transport protocol",
        Int32(IPSET_ERR_MISSING_PROTO): "the set wants a transport protocol",
    ]
}
