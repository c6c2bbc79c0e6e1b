// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
package import Linux
package import Netfilter

/// The requests that the engine makes of the kernel; each has taken effect when it returns.
///
/// Hides whether nftables or ipset holds the open expectations. Tests implement it without a kernel.
package protocol Kernel: ~Copyable {
    /// The conntrack entry with a tuple, in the tuple's zone; `nil` if there is none.
    mutating func entry(for tuple: Tuple) throws(SystemError) -> ConntrackEntry?
    /// The conntrack entries with a tuple, in zone 0 and in every zone known so far.
    mutating func entries(of tuple: Tuple) throws(SystemError) -> [ConntrackEntry]
    /// Starts a search for unknown zones. `entries` also looks into the zones that it finds.
    mutating func beginSearch() throws(SystemError)
    /// Continues the search by one step.
    mutating func continueSearch() throws(SystemError)
    /// Whether the search is still running.
    var isSearching: Bool { get }
    /// Passes every TCP connection that is established or in its handshake to `take`, and learns all zones.
    mutating func survey(_ take: (ConntrackEntry) -> Void) throws(SystemError)
    /// Tells whether a packet's source address is impossible for the interface it came from, given its mark.
    mutating func isForged(_ origin: PacketOrigin, mark: UInt32, bridge: UInt32) throws(SystemError) -> Bool
    /// Makes conntrack accept any sequence number of a connection whose lines were rewritten (`IP_CT_TCP_FLAG_BE_LIBERAL`).
    mutating func beLiberal(_ mapping: Mapping) throws(SystemError)
    /// Lets the entry of a silent control connection live as long as any established one; it is no error if there is none.
    mutating func keepAlive(_ mapping: Mapping) throws(SystemError)
    /// Seconds after which conntrack forgets an established connection without packets.
    var establishedTimeout: UInt32 { get }
    /// Creates the conntrack entry of a data connection whose SYN is queued.
    mutating func establish(_ connection: ExpectedConnection) throws(SystemError)
    /// Deletes the entry of a data connection; it is no error if there is none.
    mutating func delete(_ entry: ConntrackEntry) throws(SystemError)
    /// Adds an expectation to the pinhole set, so that its SYN is queued; `timeout` is in seconds.
    mutating func open(_ expectation: Expectation, timeout: UInt32) throws(SystemError)
    /// Removes an expectation from the pinhole set; it is no error if it is not there.
    mutating func close(_ expectation: Expectation) throws(SystemError)
    /// Adds an address to the set of encrypted sessions, so that every SYN from it is queued.
    mutating func queueSYNs(from address: IPAddress) throws(SystemError)
    /// Removes an address from the set of encrypted sessions; it is no error if it is not there.
    mutating func stopQueueingSYNs(from address: IPAddress) throws(SystemError)
    /// Whether others can remove members of the sets without a notification by the kernel.
    var losesMembersSilently: Bool { get }
    /// Tells whether others have removed members of a set since they were added, as far as its newest member shows.
    mutating func haveLostMembers(at now: Instant) throws(SystemError) -> Bool
    /// Whether it is known which member of some set is the newest.
    var hasNewestMembers: Bool { get }
    /// Tells whether the newest member of a set was removed since the last call.
    mutating func takeForgottenMembers() -> Bool
    /// Notes an expectation that is open already as the newest member of its set.
    mutating func remember(_ expectation: Expectation)
    /// Notes an address that is in the set of encrypted sessions already as its newest member.
    mutating func remember(_ address: IPAddress)
    /// Makes the SYN-ACK of an expected data connection bypass SYNPROXY.
    mutating func concludeHandshake(_ reply: Tuple) throws(SystemError)
    /// Adds a control connection whose conntrack entry is reversed to the pinhole set, so that its packets are queued.
    mutating func watch(_ mapping: Mapping) throws(SystemError)
    /// Removes a watched control connection from the pinhole set; it is no error if it is not there.
    mutating func unwatch(_ mapping: Mapping) throws(SystemError)
    /// Sets `bypass-mark` on a control connection, so that its packets are not queued; does nothing if no mark is configured.
    mutating func bypassQueue(_ mapping: Mapping) throws(SystemError)
    /// Tells whether a connection has `bypass-mark`.
    func bypassesQueue(_ entry: ConntrackEntry) -> Bool
    /// The configured `bypass-mark`; `nil` if there is none.
    var bypassMark: ConnectionMark? { get }
    /// Clears `bypass-mark` on a control connection; it is no error if the connection is gone.
    mutating func requeue(_ mapping: Mapping) throws(SystemError)
    /// Sends an IP packet, given from its IP header on.
    mutating func inject(_ packet: [UInt8]) throws(SystemError)
}
