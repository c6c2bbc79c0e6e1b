// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// What a daemon opens and refuses from one look at it to the next.
struct Watch {
    private let gateway: Gateway
    private var before: StatisticsReport

    /// Begins with what there is by now.
    init(_ gateway: Gateway) async throws {
        self.gateway = gateway
        before = try await gateway.report("stats")
    }

    /// So much was opened since the last look, and is open, and these lines were refused; then nothing is open any more.
    ///
    /// A difference is recorded as an issue, and the test goes on: it may have more to look at.
    mutating func expect(
        opened: Int = 0,
        refused: [String: Int] = [:],
        _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let now: StatisticsReport = try await gateway.report("stats")
        let expectations: [ExpectationReport] = try await gateway.report("expectations")
        let members = try await gateway.members()
        let count = now.expectations_opened - before.expectations_opened
        #expect(count == opened, "\(what): \(expectations)", sourceLocation: sourceLocation)
        #expect(expectations.count == opened, "\(what): \(expectations)", sourceLocation: sourceLocation)
        #expect(members.count == opened, "\(what): \(members)", sourceLocation: sourceLocation)
        let refusals = now.refused.merging(before.refused) { $0 - $1 }.filter { $0.value != 0 }
        #expect(refusals == refused, "\(what)", sourceLocation: sourceLocation)
        before = now
        guard !expectations.isEmpty else { return }
        let flushing = try await gateway.pinhole("flush")
        try #require(flushing.hasSucceeded, "\(flushing)", sourceLocation: sourceLocation)
    }
}
