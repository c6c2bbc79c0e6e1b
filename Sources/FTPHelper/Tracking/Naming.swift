/// How a line names the endpoint of a data connection, where that is not simply the one that it leads to (contract A3).
package struct Naming: Hashable, Sendable {
    package let kind: Expectation.Kind
    /// The control connection: the original tuple.
    package let connection: Tuple
    /// What the line had.
    package let announced: Endpoint
    /// What it has for its receiver; the same if it was left as it was.
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
