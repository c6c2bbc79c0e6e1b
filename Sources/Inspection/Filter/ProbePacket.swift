// SPDX-License-Identifier: GPL-2.0-or-later

/// The SYN of a TCP connection, whose way through a firewall is followed.
///
/// Its addresses and interfaces are not given: a rule that depends on them may match.
struct ProbePacket: Hashable, Sendable {
    /// What conntrack says of the connection.
    enum State: String, Hashable, Sendable {
        case new
        case related
        /// What a rule gets to see before conntrack has seen the packet.
        case invalid
    }

    let state: State
    let destinationPort: UInt16

    /// The first packet of a control connection.
    static func control(to port: UInt16) -> ProbePacket {
        ProbePacket(state: .new, destinationPort: port)
    }

    /// The first packet of a data connection.
    static func data(to port: UInt16) -> ProbePacket { ProbePacket(state: .related, destinationPort: port) }

    /// The first packets of data connections, to ports from all over the range.
    static let data = [1024, 5001, 20000, 30000, 40000, 49152, 60000, 65535].map(data(to:))

    /// The packet as it is before conntrack has seen it.
    var untracked: ProbePacket { ProbePacket(state: .invalid, destinationPort: destinationPort) }
}
