/// How NAT changes the two ends of a control connection: the two tuples of its conntrack entry.
///
/// A packet from the client arrives with the `original` tuple, one from the server with the `reply` tuple, both
/// before any NAT (`IP_CT_DIR_ORIGINAL`, `IP_CT_DIR_REPLY`). Without NAT the one is the inverse of the other.
package struct Mapping: Hashable, Sendable {
    package var original: Tuple
    package var reply: Tuple

    package init(original: Tuple, reply: Tuple) {
        self.original = original
        self.reply = reply
    }

    /// The mapping of a connection that is not translated.
    package init(untranslated original: Tuple) {
        self.init(original: original, reply: original.inverted)
    }

    /// The same connection as conntrack has it when it takes the server for who has opened it.
    package var reversed: Mapping { Mapping(original: reply, reply: original) }

    /// Tells whether NAT changes any address or port of the connection.
    package var isTranslated: Bool { !reply.isAlike(original.inverted) }

    /// The conntrack zone of both directions, or of the one that is in another than 0.
    package var zone: UInt16 { max(original.zone, reply.zone) }
}
