// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper
import Testing

@testable import pinhole

/// What `pinhole trace` makes of the daemon's events.
@Suite struct TraceTests {
    private static let ends = #""client":"10.1.0.2:40112","server":"10.2.0.2:21""#
    private static let now = Instant(nanoseconds: 1_000_000_000)

    /// A trace of these events, and its output.
    private func trace(_ events: String..., dropping rules: [String] = []) throws -> (Trace, [String]) {
        var trace = Trace(interface: { $0 == 2 ? "eth0" : nil }) { _, _ in rules }
        var lines: [String] = []
        for event in events {
            let text = #"{"time":1700000000.063,\#(event)}"#
            let json = try #require(JSON(parsing: Array(text.utf8)))
            lines += trace.lines(for: json, at: Self.now)
        }
        return (trace, lines)
    }

    private static let begin = #""event":"connection",\#(ends),"adopted":false"#
    private static let announced =
        #""event":"expectation","kind":"PASV","master":{\#(ends)},"from":"10.1.0.2","to":"10.2.0.2:5002""#
    private static let arrived =
        #""event":"data","kind":"PASV","master":{\#(ends)},"from":"10.1.0.2:40113","to":"10.2.0.2:5002""#
    private static let blocked =
        #""event":"blocked",\#(ends),"from":"10.1.0.2:40113","to":"10.2.0.2:5002","#
        + #""translated":{"from":"10.1.0.2:40113","to":"10.2.0.2:5002"},"stage":"unanswered","explanation":"nobody""#

    @Test func `lines have the time, and the interface is shown once`() throws {
        func line(_ text: String) -> String {
            #""event":"line",\#(Self.ends),"side":"client","line":"\#(text)","interface":2"#
        }
        let (_, lines) = try trace(Self.begin, line("NOOP"), line("QUIT"))
        #expect(
            lines == [
                "22:13:20.063 control connection 10.1.0.2:40112 to 10.2.0.2:21",
                "22:13:20.063 packets of the client come in by eth0", "22:13:20.063 client: NOOP",
                "22:13:20.063 client: QUIT",
            ]
        )
    }

    @Test func `a trace without a session is diagnosed as such`() throws {
        #expect(
            try trace().0.diagnosis.first?.hasPrefix("diagnosis: no control connection was seen: ") == true
        )
    }

    @Test func `the diagnosis is the last step that was reached`() throws {
        func diagnosis(_ events: String...) throws -> String {
            var trace = Trace(interface: { _ in nil }) { _, _ in [] }
            for event in [Self.begin] + events {
                let text = #"{"time":1,\#(event)}"#
                _ = trace.lines(for: try #require(JSON(parsing: Array(text.utf8))), at: Self.now)
            }
            return trace.diagnosis.joined(separator: "\n")
        }
        #expect(
            try diagnosis().hasPrefix("diagnosis: the control connection was established, but no reply")
        )
        #expect(try diagnosis(Self.announced).contains("no SYN came from 10.1.0.2 to 10.2.0.2:5002"))
        #expect(
            try diagnosis(Self.announced, Self.arrived).contains(
                "the SYN from 10.1.0.2:40113 to 10.2.0.2:5002 passed"
            )
        )
        #expect(try diagnosis(Self.announced, Self.arrived, Self.blocked) == "diagnosis: nobody")
        let refused =
            #""event":"transfer",\#(Self.ends),"data":{"to":"10.2.0.2:5002","answer":"refused"},"reply":"425 no""#
        #expect(
            try diagnosis(Self.arrived, refused).hasPrefix("diagnosis: nothing listens at 10.2.0.2:5002: ")
        )
        let complete = #""event":"transfer",\#(Self.ends),"data":{"answer":"established"},"reply":"226 ok""#
        #expect(try diagnosis(Self.arrived, Self.blocked, complete) == "diagnosis: 1 transfer complete")
        let tls = #""event":"encrypted",\#(Self.ends)"#
        #expect(try diagnosis(tls).contains("the session is encrypted"))
    }

    @Test func `the diagnosis names a rule of this gateway instead of possible causes`() throws {
        let (trace, lines) = try trace(Self.begin, Self.blocked, dropping: ["iptables FORWARD (policy DROP)"])
        let words =
            "this gateway drops the SYN to 10.2.0.2:5002: iptables FORWARD (policy DROP) does not accept RELATED"
        #expect(lines.last?.hasSuffix("BLOCKED, \(words)") == true)
        #expect(trace.diagnosis == ["diagnosis: \(words)"])
    }

    @Test func `the trace ends a moment after the last session`() throws {
        let later = Instant(nanoseconds: Self.now.nanoseconds + 2_000_000_000)
        let end = #""event":"connection-closed",\#(Self.ends)"#
        #expect(try !trace().0.isOver(at: later))
        #expect(try !trace(Self.begin).0.isOver(at: later))
        let (trace, _) = try trace(Self.begin, end)
        #expect(!trace.isOver(at: Self.now) && trace.isOver(at: later))
        let other = Self.begin.replacing("40112", with: "40999")
        let (both, lines) = try self.trace(Self.begin, other, end)
        #expect(!both.isOver(at: later))
        #expect(lines.last == "22:13:20.063 10.1.0.2:40112 control connection ended")
        #expect(both.diagnosis.allSatisfy { $0.hasPrefix("diagnosis of 10.1.0.2:40") })
    }
}
