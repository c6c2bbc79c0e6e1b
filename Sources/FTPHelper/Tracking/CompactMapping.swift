// SPDX-License-Identifier: GPL-2.0-or-later

/// A mapping that takes a third of the memory if it is IPv4 and in zone 0.
///
/// Each connection has one.
enum CompactMapping: Sendable {
    /// An IPv4 tuple.
    struct ShortTuple: Hashable, Sendable {
        let source: UInt32
        let destination: UInt32
        let sourcePort: UInt16
        let destinationPort: UInt16

        init?(_ tuple: Tuple) {
            guard case .v4(let source) = tuple.source.address,
                case .v4(let destination) = tuple.destination.address
            else { return nil }
            self.source = source
            self.destination = destination
            sourcePort = tuple.source.port
            destinationPort = tuple.destination.port
        }

        var tuple: Tuple {
            Tuple(
                source: Endpoint(.v4(source), sourcePort),
                destination: Endpoint(.v4(destination), destinationPort)
            )
        }
    }

    case short(original: ShortTuple, reply: ShortTuple)
    indirect case long(Mapping)

    init(_ mapping: Mapping) {
        if mapping.zone == 0, let original = ShortTuple(mapping.original),
            let reply = ShortTuple(mapping.reply)
        {
            self = .short(original: original, reply: reply)
        } else {
            self = .long(mapping)
        }
    }

    var mapping: Mapping {
        switch self {
        case .short(let original, let reply): Mapping(original: original.tuple, reply: reply.tuple)
        case .long(let mapping): mapping
        }
    }

    /// The side that sends packets with this tuple, in any zone; `nil` if the tuple belongs to another
    /// connection.
    func side(of tuple: Tuple) -> Session.Side? {
        switch self {
        case .short(let original, let reply):
            guard let tuple = ShortTuple(tuple) else { return nil }
            return tuple == original ? .client : tuple == reply ? .server : nil
        case .long(let mapping):
            return tuple.isAlike(mapping.original)
                ? .client : tuple.isAlike(mapping.reply) ? .server : nil
        }
    }
}
