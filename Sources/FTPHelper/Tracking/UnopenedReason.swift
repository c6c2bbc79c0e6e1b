/// Why nothing opens where nothing is refused either; told once a connection (contract S6).
package enum UnopenedReason: String, Hashable, Sendable, CaseIterable {
    /// A transfer was asked for, and nothing has announced a data connection for it.
    case unannounced
    /// A line was too long to be read.
    case longLine = "long-line"
    /// A reply of several lines has not ended with its own code, so the line may be text within it that the client has chosen.
    case unendedReply = "unended-reply"

    /// Those that were told of a connection.
    struct Told: Sendable {
        private var bits: UInt8 = 0

        /// Adds one; `false` if it is there already.
        mutating func insert(_ reason: UnopenedReason) -> Bool {
            let bit: UInt8 =
                switch reason {
                case .unannounced: 1
                case .longLine: 2
                case .unendedReply: 4
                }
            defer { bits |= bit }
            return bits & bit == 0
        }
    }
}
