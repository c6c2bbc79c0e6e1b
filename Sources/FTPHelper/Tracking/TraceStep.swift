// SPDX-License-Identifier: GPL-2.0-or-later

/// A step of a session that is told only to those who trace it.
package struct TraceStep: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// A side has said this line, of which at most 120 bytes are given; those that are secret are not. It
        /// came in by the interface with this index; 0 if that is not known.
        case line(Session.Side, [UInt8], interface: UInt32)
        /// The login was accepted.
        case login
        /// The conntrack entry of the data connection could not be made.
        case notEstablished(Tuple)
        /// The data connection was established.
        case answered(DataConnection)
        /// Conntrack has counted the first bytes of it.
        case flows(DataConnection, TransferBytes)
    }

    /// The original tuple of the control connection.
    package let connection: Tuple
    package let kind: Kind

    package init(connection: Tuple, _ kind: Kind) {
        self.connection = connection
        self.kind = kind
    }
}
