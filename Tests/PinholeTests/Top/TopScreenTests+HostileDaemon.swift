// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import Messages
import PinholeDaemon
import Terminal
import Testing
@testable import pinhole

/// Screens of a daemon that an attacker has taken over.
extension TopScreenTests {
    /// Answers of the right form with anything at all in it, always the same ones.
    private struct Forger {
        private var state: UInt64

        init(_ seed: UInt64) { state = seed }

        mutating func number(below limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }

        private static let values: [JSON] = [
            .null, .bool(true), .integer(0), .integer(9_223_372_036_854_775_807), .number(1e300),
            .number(-1e308),
            .number(1.7e308), .number(-0.0), .string(""), .string("\u{1b}]0;pwn\u{7}\n\u{9b}31m"),
            .string(":"),
            .string("[::1]:21"), .string(String(repeating: "x", count: 5000)), .string("👩‍👩‍👧‍👧"), .array([]),
            .string("upload"), .object([]), .array([.null, .array([.null])]),
        ]

        private static let names = [
            "packets", "connections", "transfers", "expectations", "refused", "errors", "queue", "waiting",
            "dropped",
            "client", "server", "user", "command", "path", "direction", "data", "id", "bytes", "up", "down",
            "size",
            "offset", "progress", "seconds", "reply", "state", "opened", "used", "kind", "master", "from",
            "to",
            "expires_in", "time", "reason", "line", "explanation", "event",
        ]

        mutating func value(_ depth: Int = 0) -> JSON {
            guard depth < 3, depth == 0 || number(below: 4) == 0 else {
                return Forger.values[number(below: Forger.values.count)]
            }
            var members: [JSON.Member] = []
            for name in Forger.names where number(below: 8) != 0 {
                members.append(JSON.Member(name, value(depth + 1)))
            }
            return .object(members)
        }
    }

    @Test func `for any answer the screen is printable ASCII of its size, and keys work`() throws {
        var forger = Forger(1)
        for round in 0..<60 {
            var top = TopScreen()
            for step in 0..<6 {
                let count = forger.number(below: 4)
                top.update(
                    with:
                        TopReport(
                            time: Double(round + forger.number(below: 2)),
                            wallTime: 1_700_000_000,
                            statistics: forger.value(),
                            transfers: (0..<count).map { _ in forger.value() },
                            rows: (0..<count).map { _ in forger.value() }
                        )
                )
                for key in [Screen.Key.down, .character(UInt8(ascii: "s")), .character(UInt8(ascii: "d"))] {
                    _ = top.press(key)
                }
                let (rows, columns) = (forger.number(below: 30), forger.number(below: 200))
                let lines = top.lines(rows: rows, columns: columns)
                try #require(lines.count <= max(rows, 0))
                for line in lines {
                    try #require(line.text.utf8.count <= columns)
                    try #require(line.text.utf8.allSatisfy { (0x20...0x7e).contains($0) })
                }
                if step % 2 == 1 { _ = top.press(.right) }
            }
        }
    }

    @Test func `counters beyond the range are shown as the maximum`() throws {
        var top = TopScreen()
        let most = JSON.integer(9_223_372_036_854_775_807)
        let refused = JSON.object(["a", "b", "c"].map { JSON.Member($0, most) })
        top.update(
            with:
                TopReport(
                    time: 1,
                    wallTime: 1,
                    statistics: .object([JSON.Member("refused", refused)]),
                    transfers: [],
                    rows: []
                )
        )
        #expect(text(top)[0].hasSuffix("refused 18446744073709551615"))
    }
}
