package import FTPHelper
package import Netfilter

/// What the packet path asks of the kernel, one request each and each done when it returns.
///
/// What keeps the open expectations, nftables or ipset, is behind it; and tests put a kernel of their own here.
package protocol Kernel: ~Copyable {
    /// What conntrack has of a connection in the zone that its tuple says; `nil` if nothing.
    mutating func entry(for tuple: Tuple) throws(SystemError) -> ConntrackEntry?
    /// What conntrack has of connections with a tuple, in zone 0 and in those in which any were seen so far.
    mutating func entries(of tuple: Tuple) throws(SystemError) -> [ConntrackEntry]
    /// The same in any zone, which takes longer.
    mutating func search(for tuple: Tuple) throws(SystemError) -> [ConntrackEntry]
    /// Lets conntrack accept the sequence numbers of a connection whose lines were edited.
    mutating func beLiberal(_ mapping: Mapping) throws(SystemError)
    /// Makes the entry of a data connection whose SYN waits.
    mutating func establish(_ connection: ExpectedConnection) throws(SystemError)
    /// Has the SYN that an expectation waits for sent to the data queue, for so many seconds at most.
    mutating func open(_ expectation: Expectation, timeout: UInt32) throws(SystemError)
    /// Takes that back; one that is not open any more is not an error.
    mutating func close(_ expectation: Expectation) throws(SystemError)
    /// Has every SYN from an address sent to the data queue, until it is withdrawn.
    mutating func admit(_ address: IPAddress) throws(SystemError)
    /// Takes that back; one that is not admitted is not an error.
    mutating func withdraw(_ address: IPAddress) throws(SystemError)
    /// Keeps the packets of a control connection out of the control queue, where there is a mark for that.
    mutating func release(_ mapping: Mapping) throws(SystemError)
    /// Takes that back; a connection that is gone is not an error.
    mutating func recall(_ mapping: Mapping) throws(SystemError)
    /// Sends a whole IP packet.
    mutating func inject(_ packet: [UInt8]) throws(SystemError)
}
