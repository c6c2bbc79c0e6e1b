import CNetfilter
package import FTPHelper
import Glibc

/// The two ipsets with the addresses that encrypted sessions are open for: each of their SYNs is worth a question.
///
/// A member, `hash:ip`, is where a SYN comes from.
extension PinholeSet {
    /// Tells whether the set of that family has been created.
    ///
    /// - Throws: `IPSET_ERR_TYPE_MISMATCH` if there is one of that name and of another type.
    package mutating func sessionsExist(_ family: Family) throws(SystemError) -> Bool {
        try exists(family, family.sessionsName, type: "hash:ip")
    }

    /// Adds an address; one that is there already stays.
    ///
    /// - Throws: `ENOENT` if there is no such set, `IPSET_ERR_HASH_FULL` if it is full.
    package mutating func admit(_ address: IPAddress) throws(SystemError) {
        try change("add to set", IPSET_CMD_ADD, address)
    }

    /// Takes an address out; one that is not there is not an error.
    package mutating func withdraw(_ address: IPAddress) throws(SystemError) {
        do {
            try change("remove from set", IPSET_CMD_DEL, address)
        } catch {
            // Nor is it one when the rules were unloaded, and the set with them.
            guard error.code == ENOENT else { throw error }
        }
    }

    private mutating func change(
        _ operation: String,
        _ command: ipset_cmd,
        _ address: IPAddress
    ) throws(SystemError) {
        let family = Family(of: address)
        let name = family.sessionsName
        _ = try request("\(operation) \(name)", command, family, name) {
            $0.nest(IPSET_ATTR_DATA) { $0.put(IPSET_ATTR_IP, member: address) }
        }
    }
}
