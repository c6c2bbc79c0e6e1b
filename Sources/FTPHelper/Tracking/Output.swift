/// What the core hands back besides a verdict; the shell makes one and uses it for every packet.
///
/// Both arrays keep their storage between packets, so that a packet that changes nothing allocates nothing.
package struct Output {
    /// What the shell is to do before the packet goes on, in order.
    package var actions: [Action] = []
    /// The bytes to send on, IP header included, if the verdict is `replace`.
    package var packet: [UInt8] = []

    package init() {}

    /// Empties both for the next packet.
    package mutating func clear() {
        actions.removeAll(keepingCapacity: true)
        packet.wipe()
    }
}
