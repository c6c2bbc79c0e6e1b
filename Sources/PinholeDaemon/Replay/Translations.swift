import FTPHelper

/// What NAT has done to the connections of a capture that has each direction from another side of it.
///
/// A SYN-ACK that answers a SYN with other addresses is known by its number, which no other connection is likely to have.
struct Translations {
    /// SYNs, and connections, that are remembered.
    private static let maximumCount = 65536

    /// The tuples of SYNs that nothing has answered yet, by the number that their answer acknowledges.
    private var waiting: [UInt32: Tuple] = [:]
    /// The connections whose directions have different addresses, by the tuple of each of the two.
    private var mappings: [Tuple: Mapping] = [:]

    /// Takes a packet.
    mutating func receive(_ segment: Segment) {
        guard segment.flags.contains(.syn) else { return }
        guard segment.flags.contains(.ack) else {
            if waiting.count >= Translations.maximumCount { waiting = [:] }
            waiting[segment.firstByte.value] = segment.tuple
            return
        }
        forget(segment.tuple)
        guard let client = waiting.removeValue(forKey: segment.acknowledgement.value),
            client != segment.tuple.inverted
        else { return }
        let mapping = Mapping(original: client, reply: segment.tuple)
        if mappings.count >= Translations.maximumCount { mappings = [:] }
        forget(client)
        mappings[mapping.original] = mapping
        mappings[mapping.reply] = mapping
    }

    /// The tuples of the connection whose client's packets have this tuple.
    func mapping(of client: Tuple) -> Mapping { mappings[client] ?? Mapping(untranslated: client) }

    /// The tuple of a packet as its receiver's own packets have the opposite of it.
    func direction(of segment: Segment) -> Tuple {
        guard let mapping = mappings[segment.tuple], segment.tuple == mapping.reply else {
            return segment.tuple
        }
        return mapping.original.inverted
    }

    /// A connection begins that may have the tuple of another.
    private mutating func forget(_ tuple: Tuple) {
        guard let mapping = mappings[tuple] else { return }
        mappings[mapping.original] = nil
        mappings[mapping.reply] = nil
    }
}
