package import FTPHelper
package import Linux
package import Netfilter

/// What the packet path asks of the kernel, one request each and each done when it returns.
///
/// What keeps the open expectations, nftables or ipset, is behind it; and tests put a kernel of their own here.
package protocol Kernel: ~Copyable {
    /// What conntrack has of a connection in the zone that its tuple says; `nil` if nothing.
    mutating func entry(for tuple: Tuple) throws(SystemError) -> ConntrackEntry?
    /// What conntrack has of connections with a tuple, in zone 0 and in those in which any were seen so far.
    mutating func entries(of tuple: Tuple) throws(SystemError) -> [ConntrackEntry]
    /// Begins to look for zones that were never seen; what was found, `entries` looks into, too.
    mutating func beginSearch() throws(SystemError)
    /// Does one step more of that.
    mutating func continueSearch() throws(SystemError)
    /// Set until it has come to its end.
    var isSearching: Bool { get }
    /// Gives every connection that conntrack has established to `take`, and so learns of all zones.
    mutating func survey(_ take: (ConntrackEntry) -> Void) throws(SystemError)
    /// Tells whether a packet with a mark cannot have come from where its address is.
    mutating func isForged(_ origin: PacketOrigin, mark: UInt32, bridge: UInt32) throws(SystemError) -> Bool
    /// Lets conntrack accept the sequence numbers of a connection whose lines were edited.
    mutating func beLiberal(_ mapping: Mapping) throws(SystemError)
    /// Makes the entry of a data connection whose SYN waits.
    mutating func establish(_ connection: ExpectedConnection) throws(SystemError)
    /// Removes the entry of a data connection; one that is gone is not an error.
    mutating func delete(_ entry: ConntrackEntry) throws(SystemError)
    /// Has the SYN that an expectation waits for sent to the data queue, for so many seconds at most.
    mutating func open(_ expectation: Expectation, timeout: UInt32) throws(SystemError)
    /// Takes that back; one that is not open any more is not an error.
    mutating func close(_ expectation: Expectation) throws(SystemError)
    /// Has every SYN from an address sent to the data queue, until it is withdrawn.
    mutating func admit(_ address: IPAddress) throws(SystemError)
    /// Takes that back; one that is not admitted is not an error.
    mutating func withdraw(_ address: IPAddress) throws(SystemError)
    /// Lets the SYN-ACK of an expected data connection pass by SYNPROXY; one of any other connection does so by itself.
    mutating func concludeHandshake(_ reply: Tuple) throws(SystemError)
    /// Has the packets of a connection that conntrack has the wrong way round sent to the data queue.
    mutating func watch(_ mapping: Mapping) throws(SystemError)
    /// Takes that back; one that is not watched is not an error.
    mutating func unwatch(_ mapping: Mapping) throws(SystemError)
    /// Keeps the packets of a control connection out of the control queue, where there is a mark for that.
    mutating func release(_ mapping: Mapping) throws(SystemError)
    /// Tells whether a connection has that mark.
    func isReleased(_ entry: ConntrackEntry) -> Bool
    /// Takes that back; a connection that is gone is not an error.
    mutating func recall(_ mapping: Mapping) throws(SystemError)
    /// Sends a whole IP packet.
    mutating func inject(_ packet: [UInt8]) throws(SystemError)
}
