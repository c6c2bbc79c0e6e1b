// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// Matches the directions of connections that were captured on different sides of a NAT.
///
/// A SYN-ACK with other addresses than the SYN is recognised by its acknowledgement number.
struct Translations {
    /// Maximum number of SYNs and of connections to remember.
    private static let maximumCount = 65536

    /// The tuples of unanswered SYNs, by the number that the SYN-ACK will acknowledge.
    private var waiting: [UInt32: Tuple] = [:]
    /// Connections whose directions have different addresses, by the tuple of either direction.
    private var mappings: [Tuple: Mapping] = [:]

    /// Learns from a packet.
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

    /// The tuple of a packet, translated to the addresses that its receiver's own packets have.
    func direction(of segment: Segment) -> Tuple {
        guard let mapping = mappings[segment.tuple], segment.tuple == mapping.reply else {
            return segment.tuple
        }
        return mapping.original.inverted
    }

    /// A new connection may reuse the tuple of another one.
    private mutating func forget(_ tuple: Tuple) {
        guard let mapping = mappings[tuple] else { return }
        mappings[mapping.original] = nil
        mappings[mapping.reply] = nil
    }
}
