/// Follows every FTP control connection of a gateway and decides what becomes of its packets.
///
/// It does no IO, reads no clock and imports nothing: each verb is given what it needs, and answers with a verdict
/// and with actions that the shell performs in order (`Output`).
package struct Tracker: ~Copyable {
    package let policy: Policy
    package private(set) var statistics = Statistics()

    package init(policy: Policy) {
        self.policy = policy
    }

    /// A control packet came: an IPv4 or IPv6 packet from its first byte on.
    package mutating func receive(
        _ packet: borrowing Span<UInt8>,
        at now: Instant,
        into output: inout Output
    ) -> Verdict {
        .accept
    }

    /// Conntrack has this connection; `isHelped` if a kernel helper is attached to it (`CTA_HELP`).
    package mutating func learn(_ mapping: Mapping, isHelped: Bool, at now: Instant, into output: inout Output) {}

    /// Conntrack no longer has the connection it was asked for with `Action.verify`.
    package mutating func forget(_ mapping: Mapping, at now: Instant, into output: inout Output) {}

    /// Conntrack has no entry for the tuple of a control packet; counts and reports `no-mapping`.
    package mutating func refuseUnmapped(_ tuple: Tuple, into output: inout Output) {}

    /// A SYN out of the pinhole set came; `nil` if no expectation is for it.
    ///
    /// The expectation stays open until `confirm`, so that a retransmitted SYN can try again what failed.
    package func expected(_ packet: borrowing Span<UInt8>) -> ExpectedConnection? { nil }

    /// The conntrack entry of the data connection was made: closes its expectation as used.
    package mutating func confirm(
        _ connection: ExpectedConnection,
        at now: Instant,
        into output: inout Output
    ) {}

    /// The kernel did not take an expectation that was to be opened.
    package mutating func fail(_ id: UInt64, at now: Instant, into output: inout Output) {}

    /// Closes an expectation by hand; `false` if there is none of that number.
    package mutating func delete(_ id: UInt64, at now: Instant, into output: inout Output) -> Bool { false }

    /// Closes every expectation by hand and returns how many there were.
    package mutating func flush(at now: Instant, into output: inout Output) -> Int { 0 }

    /// Does what is due; to be called when `nextDeadline` has come.
    package mutating func fire(at now: Instant, into output: inout Output) {}

    /// When `fire` is next to be called; every other mutating verb may change it.
    package var nextDeadline: Instant? { nil }

    /// The open expectations, oldest first.
    package var expectations: [Expectation] { [] }

    /// The control connections that are followed, in no particular order.
    package var connections: [ConnectionSummary] { [] }

    package var expectationCount: Int { 0 }
    package var connectionCount: Int { 0 }
}
