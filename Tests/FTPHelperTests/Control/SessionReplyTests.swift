// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing
@testable import FTPHelper

/// Replies that match no pending command one to one: ABOR, surplus, missing and quoted ones.
@Suite struct SessionReplyTests {
    private static let (port, pasv, epsv, lpsv) = (
        SessionTests.port, SessionTests.pasv, SessionTests.epsv, SessionTests.lpsv
    )

    /// What the server says to an ABOR during a transfer.
    static let aborts: [[String]] = [
        ["< 426 cut", "< 226 aborted"], ["< 226 done", "< 225 nothing to abort"], ["< 226 done", "< 226 ok"],
        ["< 226 aborted"], ["< 426 cut"], ["< 425 no", "< 500 what?"], ["< 450 cut", "< 225 ok"],
    ]

    /// Commands behind it, with their answers.
    static let behindABOR: [[String]] = [
        [], ["> TYPE I", "< 200 ok"], ["> PWD", "< 257 here", "> NOOP", "< 200 ok"],
        ["> LIST", "< 150 here", "< 226 done"],
        ["> \(port) => PORT 5001", "< 200 ok", "> LIST", "< 150 here", "< 226 done"],
        ["> CWD x", "< 550 no"],
    ]

    @Test(arguments: aborts, behindABOR)
    func `an ABOR is answered once or twice, and later replies match their commands`(
        answers: [String],
        behind: [String]
    ) {
        let transfer = ["> PASV", "< \(Self.pasv) => PASV 5001", "> RETR f", "< 150 here", "> ABOR"]
        let again = (0..<3).flatMap { _ in
            ["> NOOP", "< 200 ok", "> PASV", "< \(Self.pasv) => PASV 5001", "> RETR f", "< 226 done"]
        }
        _ = SessionTests.play(
            transfer + answers + behind + ["> PASV", "< \(Self.pasv) => PASV 5001"] + again
        )
    }

    @Test func `an ABOR without a transfer is answered once`() {
        _ = SessionTests.play(["> ABOR", "< 225 nothing", "> PASV", "< \(Self.pasv) => PASV 5001"])
        _ = SessionTests.play([
            "> ABOR", "< 502 what?", "> NOOP", "< 200 ok", "> PASV", "< \(Self.pasv) => PASV 5001",
        ])
    }

    @Test func `the second reply to an ABOR may come after the next command`() {
        _ = SessionTests.play([
            "> RETR f", "< 150 here", "> ABOR", "< 426 cut", "> PASV", "< 226 ok",
            "< \(Self.pasv) => PASV 5001",
        ])
    }

    // MARK: As servers in the field answer

    /// Each after a login; none of them affects the next transfer.
    static let field: [[String]] = [
        // One reply too few.
        [
            "> PASV", "< \(pasv) => PASV 5001", "> RETR f", "< 125 x", "> NOOP", "< 226 ok", "> TYPE I",
            "< 200 ok",
        ],
        ["> NOOP"], ["> NOOP", "> NOOP", "> NOOP"], ["> FEAT", "< 211-Features", "<  UTF8"],
        ["> RETR f", "< 150 x", "> STAT", "> NOOP", "< 226 ok"],
        ["> CLNT x", "> TYPE I", "< 200 ok"],
        // One too many.
        ["> FOO", "< 500 what?", "< 500 what?"], ["> RETR f", "< 150 x", "< 226 ok", "< 226 ok"],
        ["> CWD x", "< 200 ok", "< 250 ok"], ["> TYPE I", "< 200 ok", "< 200 ok", "< 200 ok"],
        // Another code at the end.
        ["> FEAT", "< 211-Features", "<  UTF8", "< 200 End"], ["> HELP", "< 214-x", "< 226 x"],
        ["> STAT", "< 211-x", "< 213-y", "< 212 z"],
        // Replies to commands during a transfer.
        ["> RETR f", "< 150 x", "> NOOP", "< 500 what?", "< 226 ok"],
        ["> RETR f", "< 150 x", "> NOOP", "< 200 ok", "< 226 ok"],
        ["> RETR f", "< 150 x", "> NOOP", "> STAT", "< 200 ok", "< 211-a", "<  b", "< 211 c", "< 226 ok"],
    ]

    @Test(arguments: field)
    func `a surplus or missing reply does not affect later transfers`(lines: [String]) {
        for refuses in [false, true] {
            _ = SessionTests.play(
                lines
                    + (0..<12).flatMap { _ in
                        ["> PASV", "< \(Self.pasv) => PASV 5001", "> RETR f", "< 226 ok"]
                    },
                refusesPipelined: refuses
            )
            _ = SessionTests.play(lines + ["> EPSV", "< 250 late", "< \(Self.epsv) => EPSV 5001"])
            guard !lines.contains(where: { $0.hasPrefix("<") }) || lines.last?.hasPrefix("<") == true else {
                continue
            }
            _ = SessionTests.play(
                lines
                    + [
                        "> \(Self.port) => \(lines.last == "<  UTF8" && refuses ? "pipelined" : "PORT 5001")",
                        "< 200 ok",
                    ],
                refusesPipelined: refuses && lines.last?.hasPrefix("<") == true
            )
        }
    }

    @Test func `a late reply does not answer a PASV`() {
        for late in ["200 x", "250 x", "226 x", "350 x", "331 x", "220 x", "500 x"] {
            _ = SessionTests.play(["> PASV", "< \(late)", "< \(Self.pasv) => PASV 5001"])
        }
    }

    @Test func `227, 228 and 229 answer any of their pending commands`() {
        for command in ["PASV", "EPSV", "LPSV", "P@SW", "CPSV", "pasv", "p@sw"] {
            _ = SessionTests.play(["> \(command)", "< \(Self.pasv) => PASV 5001"])
            _ = SessionTests.play(["> \(command)", "< \(Self.epsv) => EPSV 5001"])
            _ = SessionTests.play(["> \(command)", "< \(Self.lpsv) => LPSV 5001"])
        }
        _ = SessionTests.play(["> NOOP", "> PASV", "< \(Self.pasv) => PASV 5001", "< 200 ok"])
        _ = SessionTests.play([
            "> PASV", "> PASV", "< \(Self.pasv) => PASV 5001", "< \(Self.pasv) => PASV 5001",
        ])
    }

    @Test func `the end of a multi-line reply is not guessed before the client's next command`() {
        _ = SessionTests.play([
            "> STAT", "> PASV", "< 213-a", "< \(Self.pasv)", "< 226 x", "< \(Self.pasv)",
            "< 213 b",
            "< \(Self.pasv) => PASV 5001",
        ])
    }

    /// Commands whose replies may have lines that the client has chosen.
    static let quoted = ["STAT x", "SITE HELP x", "HELP x", "MLST x", "foo(bar"]

    @Test(arguments: quoted)
    func `a reply that quotes the client announces nothing, whatever the client sends meanwhile`(
        command: String
    ) {
        for more in [[], ["< 500 x"], ["< 211-x", "> NOOP", "< 500 x", "< 211 y"]] {
            _ = SessionTests.play(
                ["> \(command)", "< 213-x"] + more
                    + [
                        "> PASV", "< \(Self.pasv) => unended-reply", "> EPSV",
                        "< \(Self.epsv) => unended-reply",
                        "< 213 end", "< \(Self.pasv) => PASV 5001",
                        "< \(Self.epsv) => EPSV 5001",
                    ]
            )
        }
        // A hole in it changes nothing.
        for lines in [["< 213-x"], []] {
            var session = SessionTests.play(["> \(command)"] + lines)
            _ = session.noteMissedBytes(from: .server)
            for line in ["PASV", "EPSV"] {
                let family = address("10.1.0.2")
                _ = session.command(Array("\(line)\r\n".utf8).span, on: family, refusesPipelined: false)
                let outcome = session.reply(Array("\(Self.pasv)\r\n".utf8).span, on: family)
                #expect(SessionTests.describe(outcome) == "unended-reply")
            }
        }
        // Also while a server has answered more often than it was asked.
        _ = SessionTests.play(
            ["> NOOP", "> \(command)", "< 200 x", "< 200 x", "< 200 x"]
                + ["> PASV", "< 213-x", "> NOOP", "< \(Self.pasv) => unended-reply"]
        )
    }
}
