// SPDX-License-Identifier: GPL-2.0-or-later

/// A step of a session, which is reported only to those who trace the session.
package struct TraceStep: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// A side has sent this line, which is cut to 120 bytes and does not contain secrets. It arrived on
        /// the interface with this index; 0 if that is not known.
        case line(Session.Side, [UInt8], interface: UInt32)
        /// The login was accepted.
        case login
        /// The conntrack entry of the data connection could not be created.
        case notEstablished(Tuple)
        /// The data connection was established.
        case answered(DataConnection)
        /// Conntrack has counted the first bytes of the data connection.
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
