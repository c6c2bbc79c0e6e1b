// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing
@testable import FTPHelper

/// What a session that leaves TLS remembers of the lines before it.
@Suite struct SessionTLSTests {
    private static let pasv = SessionTests.pasv

    /// Plays lines up to the agreement on TLS, after which both sides go on in plain text.
    private static func playThroughTLS(_ lines: [String], refused: [String] = []) -> Session {
        var session = SessionTests.play(lines + ["> AUTH TLS"] + refused + ["< 234 go on => encrypts"])
        for (side, text) in [(.client, "NOOP\r\n"), (.server, "200 ok\r\n")] as [(Session.Side, String)] {
            #expect(session.readRecords(Array(text.utf8).span, from: side) == 0)
        }
        return session
    }

    /// Lets a session go on with lines, each after it what it does.
    private static func go(on session: inout Session, _ lines: [(Session.Side, String, String)]) {
        for (side, text, expected) in lines {
            let bytes = Array("\(text)\r\n".utf8)
            let outcome =
                side == .client
                ? session.command(bytes.span, on: address("10.1.0.2"), refusesPipelined: false)
                : session.reply(bytes.span, on: address("10.1.0.2"))
            #expect(SessionTests.describe(outcome) == expected, "\(text)")
        }
    }

    @Test func `a multi-line reply that was open before TLS is not open after it`() {
        var session = Self.playThroughTLS(["> STAT x", "< 213-x"])
        Self.go(
            on: &session,
            [
                (.client, "USER x", ""), (.server, "230 ok", ""), (.client, "PASV", ""),
                (.server, Self.pasv, "PASV 5001"),
            ]
        )
    }

    @Test func `a PASV that was refused before TLS is not answered after it`() {
        var session = Self.playThroughTLS(["> PASV"], refused: ["< 500 no"])
        Self.go(on: &session, [(.server, Self.pasv, "unsolicited")])
    }

    @Test func `a transfer that was open before TLS is not open after it`() {
        var session = Self.playThroughTLS(["> RETR x", "< 150 x"])
        Self.go(on: &session, [(.client, "NOOP", ""), (.server, "200 ok", "")])
        #expect(session.outstanding.count == 0)
    }
}
