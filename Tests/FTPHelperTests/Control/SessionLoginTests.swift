// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing
@testable import FTPHelper

/// Which sessions count as logged in, and which lines may come before the login.
@Suite struct SessionLoginTests {
    private static let (port, pasv) = (SessionTests.port, SessionTests.pasv)

    static let logins: [(lines: [String], state: ConnectionSummary.State)] = [
        (["< 220 hello"], .login),
        (["< 220 hello", "> USER x", "< 331 more"], .login),
        (["< 220 hello", "> USER x", "< 230 ok"], .ready),
        (["< 220 hello", "> USER x", "< 232 ok"], .ready),
        (["< 220 hello", "> USER x", "< 331 more", "> PASS y", "< 230 ok"], .ready),
        (["< 220 hello", "> USER x", "< 331 more", "> PASS y", "< 202 ok"], .ready),
        (["< 220 hello", "> USER x", "< 331 more", "> PASS y", "< 332 more"], .login),
        (
            ["< 220 hello", "> USER x", "< 331 more", "> PASS y", "< 332 more", "> ACCT z", "< 230 ok"],
            .ready
        ),
        (["< 220 hello", "> USER x", "< 331 more", "> PASS y", "< 530 no"], .login),
        (["< 220 hello", "> USER x", "< 530 no"], .login),
        (["< 220-hello", "< 230 x", "< 220 ok", "> USER x", "< 331 more"], .login),
        (["< 220 hello", "> NOOP", "< 230 ok"], .login),
        (["< 220 hello", "> USER x", "< 200 ok"], .login),
        (["< 220 hello", "< 230 ok"], .login),
        (["< 230 hello"], .login),
        (["< 421 full"], .login),
        ([], .greeting),
        (["> USER x"], .greeting),
        (["< 220-hello"], .greeting),
    ]

    @Test(arguments: logins)
    func `nothing opens before the login is accepted`(lines: [String], state: ConnectionSummary.State) {
        #expect(SessionTests.play(lines, from: .fresh).state == state)
        guard state != .greeting else { return }
        let outcome = state == .ready ? "PORT 5001" : "not-logged-in"
        _ = SessionTests.play(lines + ["> \(Self.port) => \(outcome)", "< 200 ok"], from: .fresh)
        let passive = state == .ready ? "PASV 5001" : "not-logged-in"
        _ = SessionTests.play(lines + ["> PASV", "< \(Self.pasv) => \(passive)"], from: .fresh)
    }

    @Test func `an announcement as the first line is not logged in`() {
        _ = SessionTests.play(["> \(Self.port) => not-logged-in"], from: .fresh)
        _ = SessionTests.play(["> PORT 1 => malformed"], from: .fresh)
    }

    @Test func `a new login counts as logged out until it is accepted`() {
        _ = SessionTests.play([
            "> USER z", "< 331 more", "> \(Self.port) => not-logged-in", "< 503 no => rejects",
            "> PASS z",
            "< 230 ok",
            "> \(Self.port) => PORT 5001",
        ])
        _ = SessionTests.play(["> USER z", "< 530 no", "> \(Self.port) => PORT 5001"])
        _ = SessionTests.play(["> REIN", "< 220 ok", "> \(Self.port) => not-logged-in"])
        _ = SessionTests.play([
            "> REIN", "< 120 wait", "< 220 ok", "> PASV", "< \(Self.pasv) => not-logged-in",
        ])
        _ = SessionTests.play(["> REIN", "< 502 no", "> \(Self.port) => PORT 5001"])
        _ = SessionTests.play([
            "> REIN", "< 220 ok", "> USER z", "< 331 more", "> PASS z", "< 230 ok",
            "> \(Self.port) => PORT 5001",
        ])
    }

    @Test func `the user is remembered, a password never`() {
        #expect(
            SessionTests.play(
                ["< 220 hello", "> USER anonymous", "< 331 more", "> PASS secret"],
                from: .fresh
            ).user
                == Array("anonymous".utf8)
        )
        let long = String(repeating: "u", count: 100)
        #expect(
            SessionTests.play(["< 220 hello", "> USER \(long)"], from: .fresh).user
                == Array(long.utf8.prefix(64))
        )
        #expect(SessionTests.play(["> USER"], from: .fresh).user.isEmpty)
    }

    // MARK: Other protocols

    static let notFTP: [[String]] = [
        ["> POST / HTTP/1.1 => not-ftp"], ["> GET / HTTP/1.1 => not-ftp"], ["> EHLO x => not-ftp"],
        ["> \u{16}\u{3}\u{1} => not-ftp"], ["> PORTABLE 10,1,0,2,19,137 => not-ftp"],
        ["< 220 hello", "> SSH-2.0-x => not-ftp"], ["> ", "> HELO => not-ftp"],
        (1...20).map { $0 < 20 ? "< * OK IMAP4" : "< +OK POP3 => not-ftp" },
        ["> USER x"] + (1...20).map { $0 < 20 ? "< +OK POP3" : "< +OK POP3 => not-ftp" },
    ]

    @Test(arguments: notFTP)
    func
        `a client whose first line is no command, or a server without a reply, makes the connection none of FTP`(
            lines: [String]
        )
    {
        let session = SessionTests.play(lines, from: .fresh)
        #expect(session.state == .notFTP)
        #expect(!session.isSoliciting)
        if case .ignored = session.content(of: .client) {} else { Issue.record("the client is still read") }
        if case .ignored = session.content(of: .server) {} else { Issue.record("the server is still read") }
    }

    @Test func `after the login lines may be anything`() {
        #expect(
            SessionTests.play([
                "> GET / HTTP/1.1", "< what?", "< 500 no", "> \(Self.port) => PORT 5001",
            ]).state
                == .ready
        )
        #expect(
            SessionTests.play(["> USER x", "> GET / HTTP/1.1", "< 220 x", "< hello"], from: .fresh).state
                == .login
        )
        #expect(SessionTests.play(["> GET / HTTP/1.1", "< what?"], from: .adopted).state == .ready)
    }

    // MARK: Adoption

    @Test func `an adopted session counts as logged in`() {
        _ = SessionTests.play(
            [
                "> \(Self.port) => PORT 5001", "< 200 ok", "> PASV",
                "< \(Self.pasv) => PASV 5001",
            ],
            from: .adopted
        )
    }

    @Test func `replies to commands from before the adoption answer nothing`() {
        _ = SessionTests.play(
            ["> PASV", "< 226 done", "< 200 ok", "< \(Self.pasv) => PASV 5001"],
            from: .adopted
        )
        _ = SessionTests.play(
            ["> NOOP", "> PASV", "< 226 done", "< 200 ok", "< \(Self.pasv) => PASV 5001"],
            from: .adopted
        )
        _ = SessionTests.play(
            ["< \(Self.pasv) => unsolicited", "> PASV", "< \(Self.pasv) => PASV 5001"],
            from: .adopted
        )
        // From then on they are in step.
        _ = SessionTests.play(
            [
                "> PASV", "> PASV", "< \(Self.pasv) => PASV 5001",
                "< \(Self.pasv) => unsolicited", "> PASV",
                "> PASV", "< \(Self.pasv) => PASV 5001", "< \(Self.pasv) => PASV 5001",
            ],
            from: .adopted
        )
    }

    @Test(arguments: ["200 ok", "220 ok", "202 ok", "230 ok", "250 ok"])
    func `any success of PASS is a login, and only 230 and 232 of USER`(reply: String) {
        #expect(
            SessionTests.play(["< 220 x", "> USER u", "< 331 p", "> PASS p", "< \(reply)"], from: .fresh)
                .state
                == .ready
        )
        let isAccepted = reply.hasPrefix("230")
        #expect(
            SessionTests.play(["< 220 x", "> USER u", "< \(reply)"], from: .fresh).state
                == (isAccepted ? .ready : .login)
        )
    }

    @Test func `a client that pipelines may announce during its login`() {
        let lines = ["> USER u", "> PASS p", "> TYPE I", "> \(Self.port) => PORT 5001", "> STOR x"]
        #expect(!SessionTests.play(["< 220 x"] + lines, from: .fresh).isLoggedIn)
        #expect(SessionTests.play(lines + ["< 220 x", "< 331 p", "< 230 ok"], from: .fresh).isLoggedIn)
        let refused = SessionTests.play(["< 220 x"] + lines + ["< 331 p", "< 530 no"], from: .fresh)
        #expect(!refused.isLoggedIn && !refused.isLoginUnderWay)
    }

    @Test func `a login is accepted by its own reply even if earlier replies are missing`() {
        #expect(
            SessionTests.play(
                ["< 220 x", "> CLNT x", "> USER u", "< 331 p", "> PASS p", "< 230 ok"],
                from: .fresh
            )
            .isLoggedIn
        )
        #expect(
            SessionTests.play(
                ["< 220 x", "< 220 x", "> USER u", "< 220 x", "< 331 p", "> PASS p", "< 230 ok"],
                from: .fresh
            )
            .isLoggedIn
        )
    }

    @Test func `only text lines and Telnet options may come before the greeting`() {
        let text = [String](repeating: "< hello", count: 19)
        let login = ["> USER u", "< 331 p", "> PASS p", "< 230 ok"]
        #expect(SessionTests.play(text + ["< 220 x"] + login, from: .fresh).isLoggedIn)
        #expect(SessionTests.play(["< 220-a", "< 220-b"] + login, from: .fresh).isLoggedIn)
        #expect(SessionTests.play(["< 220-a", "< b"] + login, from: .fresh).isLoggedIn)
        var session = Session(isAdopted: false)
        _ = session.reply(([0xff, 0xfd, 0x25] + Array("220 x\r\n".utf8)).span, on: v4(10, 1, 0, 2))
        #expect(session.state == .login)
    }

    @Test(arguments: [
        "OPEN ftp.example.com", "PRET LIST", "CPSV", "SSCN ON", "XAUT 2 x", "MACB ENABLE", "CLNT x", "HOST x",
        "LANG en",
        "AUTH TLS", "FEAT", "OPTS UTF8 ON", "SYST", "ACCT x", "SITE x", "NOOP", "QUIT", "STAT", "HELP",
        "CSID x", "AVBL",
    ])
    func `a client may begin with any usual command`(line: String) {
        #expect(SessionTests.play(["> \(line)"], from: .fresh).state == .greeting)
    }
}
