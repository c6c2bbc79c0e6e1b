// SPDX-License-Identifier: GPL-2.0-or-later

/// The two tuples of a connection's conntrack entry, which describe its NAT.
///
/// Packets of the client arrive with the `original` tuple and packets of the server with the `reply` tuple,
/// both before NAT (`IP_CT_DIR_ORIGINAL`, `IP_CT_DIR_REPLY`). Without NAT, one is the inverse of the other.
package struct Mapping: Hashable, Sendable {
    /// The tuple of the packets of the one that opened the connection (`IP_CT_DIR_ORIGINAL`).
    package var original: Tuple
    /// The tuple of the packets of the other one (`IP_CT_DIR_REPLY`).
    package var reply: Tuple

    package init(original: Tuple, reply: Tuple) {
        self.original = original
        self.reply = reply
    }

    /// The mapping of a connection without NAT.
    package init(untranslated original: Tuple) {
        self.init(original: original, reply: original.inverted)
    }

    /// The mapping with directions exchanged, as conntrack has it if it considers the server the one that
    /// opened the connection.
    package var reversed: Mapping { Mapping(original: reply, reply: original) }

    /// Tells whether NAT changes an address or a port.
    package var isTranslated: Bool { !reply.isAlike(original.inverted) }

    /// The conntrack zone of both directions, or of the one whose zone is not 0.
    package var zone: UInt16 { max(original.zone, reply.zone) }
}
