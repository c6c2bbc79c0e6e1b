// SPDX-License-Identifier: GPL-2.0-or-later

/// How a line names the endpoint of a data connection, if the line was rewritten or names another endpoint
/// than the pinhole leads to (contract A3).
package struct AddressDecision: Hashable, Sendable {
    package let kind: Expectation.Kind
    /// The control connection: the original tuple.
    package let connection: Tuple
    /// The endpoint that the sender announced.
    package let announced: Endpoint
    /// The endpoint that the receiver is told; the same if the line was not rewritten.
    package let told: Endpoint

    package init(kind: Expectation.Kind, connection: Tuple, announced: Endpoint, told: Endpoint) {
        self.kind = kind
        self.connection = connection
        self.announced = announced
        self.told = told
    }

    /// Tells whether the line was rewritten.
    package var isRewritten: Bool { announced != told }
}
