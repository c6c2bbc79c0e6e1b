// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing
@testable import FTPHelper

/// Sessions after missed bytes.
@Suite struct SessionGapTests {
    private static let (port, pasv, epsv) = (SessionTests.port, SessionTests.pasv, SessionTests.epsv)

    /// Dialogues with `?>` and `?<` where bytes of the client or of the server were missed.
    private static func playWithGaps(_ lines: [String], from start: [String]) -> Session {
        var session = Session(isAdopted: false)
        for line in start + lines {
            switch line {
            case "?>": _ = session.noteMissedBytes(from: .client)
            case "?<": _ = session.noteMissedBytes(from: .server)
            default:
                let bytes = Array((line.dropFirst(2) + "\r\n").utf8)
                _ =
                    line.hasPrefix(">")
                    ? session.command(bytes.span, on: v4(10, 1, 0, 2), refusesPipelined: false)
                    : session.reply(bytes.span, on: v4(10, 1, 0, 2))
            }
        }
        return session
    }

    static let recoveries: [[String]] = [
        // The 230, or PASS and 230, or the end of a 230 of several lines.
        ["> USER u", "< 331 p", "> PASS p", "?<"], ["> USER u", "< 331 p", "?>", "?<"],
        ["> USER u", "< 331 p", "?>", "?<", "< 230-x", "< 230 y"], ["> USER u", "?>", "?<"],
    ]

    @Test(arguments: recoveries)
    func
        `a login that bytes were missed of is accepted once the server does what it does for who is logged in`(
            lines: [String]
        )
    {
        for behind in [
            ["> NOOP", "< x", "< 200 x", "> PASV", "< \(Self.pasv)"],
            ["< 200 x", "> PWD", "< 257 x"],
            ["< 200 x", "> CWD x", "< 250 x"], ["< 200 x", "> \(Self.port)", "< 200 ok"],
            ["< 200 x", "> LIST", "< 150 x"], ["< 200 x", "> SIZE f", "< 213 5"],
            ["< 227 x", "> PWD", "< 257 x"],
        ] {
            let session = Self.playWithGaps(lines, from: ["< 220 x"])
            #expect(!session.isLoggedIn && session.state == .login)
            #expect(Self.playWithGaps(lines + behind, from: ["< 220 x"]).isLoggedIn, "\(behind)")
        }
        for behind in [
            ["< 200 x", "> NOOP", "< 200 x"], ["< 200 x", "> \(Self.port)", "< 530 no"],
            ["< 200 x", "> PASV", "< 530 no"], ["< 200 x", "> LIST", "< 550 no"],
            ["< 200 x", "> X", "< 530 no"],
            ["< 200 x", "> FEAT", "< 211 x"],
        ] {
            #expect(!Self.playWithGaps(lines + behind, from: ["< 220 x"]).isLoggedIn, "\(behind)")
        }
    }

    @Test
    func `missed bytes before the login make the connection not FTP`() {
        #expect(Self.playWithGaps(["?>"], from: []).state == .notFTP)
        #expect(Self.playWithGaps(["?>"], from: ["< 220 x"]).state == .notFTP)
        #expect(Self.playWithGaps(["> NOOP", "?>"], from: ["< 220 x"]).state == .notFTP)
    }

    @Test func `replies after a gap count once they answer a command that came after it`() {
        let login = ["< 220 x", "> USER u", "< 331 p", "> PASS p", "< 230 ok"]
        for text in [
            ["< \(Self.pasv)"], ["< 200 x", "< \(Self.pasv)"],
            ["< 213-x", "< \(Self.pasv)", "< 213 y"],
        ] {
            let session = Self.playWithGaps(["> STAT", "> PASV", "?<"] + text, from: login)
            #expect(session.hasMissedReply, "nothing in it was taken for a reply: \(text)")
            let later = Self.playWithGaps(
                ["> STAT", "> PASV", "?<"] + text + ["> PASV", "< \(Self.pasv)"],
                from: login
            )
            #expect(later.outstanding.count == 0)
        }
    }

    @Test func `a missed greeting does not prevent a login`() {
        let session = Self.playWithGaps(
            ["?<", "> USER u", "< x", "> PASS p", "< 230 ok"],
            from: []
        )
        #expect(session.isLoggedIn)
    }

    @Test func `a reply without a matching PASV is answered by the newest pending one`() {
        var session = Session(isAdopted: true)
        for line in ["PASV", "NOOP", "EPSV"] {
            _ = session.command(Array("\(line)\r\n".utf8).span, on: v4(10, 1, 0, 2), refusesPipelined: false)
        }
        _ = session.reply(Array("\(Self.epsv)\r\n".utf8).span, on: v4(10, 1, 0, 2))
        #expect(session.outstanding.count == 0)
    }
}
