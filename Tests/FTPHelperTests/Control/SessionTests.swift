// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

@testable import FTPHelper

/// Dialogues line by line: `>` is the client, `<` the server, and behind `=>` stands what the line does if not nothing.
@Suite struct SessionTests {
    private enum Start { case fresh, ready, adopted }

    private static func describe(_ outcome: Session.Outcome) -> String {
        switch outcome {
        case .passes: ""
        case .announces(let announcement, _): "\(announcement.kind.rawValue) \(announcement.port)"
        case .refused(let reason, _): reason.rawValue
        case .rejects: "rejects"
        case .encrypts: "encrypts"
        // The updates of transfers have tests of their own.
        case .transfer: ""
        case .unopened(let reason): reason.rawValue
        }
    }

    /// Plays a dialogue and compares what each line does.
    private static func play(
        _ lines: [String],
        from start: Start = .ready,
        isIPv6: Bool = false,
        refusesPipelined: Bool = false,
        _ location: SourceLocation = #_sourceLocation
    ) -> Session {
        var session = Session(isAdopted: start == .adopted)
        let login =
            start == .ready ? ["< 220 hello", "> USER x", "< 331 password", "> PASS y", "< 230 ok"] : []
        for line in login + lines {
            let parts = line.components(separatedBy: " => ")
            let bytes = Array((parts[0].dropFirst(2) + "\r\n").utf8)
            let family = address(isIPv6 ? "fd01::2" : "10.1.0.2")
            let outcome =
                line.hasPrefix(">")
                ? session.command(bytes.span, on: family, refusesPipelined: refusesPipelined)
                : session.reply(bytes.span, on: family)
            let expected = parts.count > 1 ? parts[1] : ""
            #expect(describe(outcome) == expected, "\(line)", sourceLocation: location)
        }
        return session
    }

    private static let port = "PORT 10,1,0,2,19,137"
    private static let pasv = "227 ok (10,2,0,2,19,137)"
    private static let epsv = "229 ok (|||5001|)"
    private static let lpsv = "228 ok (4,4,10,2,0,2,2,19,137)"

    // MARK: Replies and commands

    @Test func `a reply answers the oldest command`() {
        _ = Self.play(["> PASV", "< \(Self.pasv) => PASV 5001", "> EPSV", "< \(Self.epsv) => EPSV 5001"])
        _ = Self.play(["> LPSV", "< \(Self.lpsv) => LPSV 5001", "> \(Self.port) => PORT 5001", "< 200 ok"])
    }

    @Test func `pipelined commands are answered in order`() {
        _ = Self.play([
            "> TYPE I", "> PASV", "> PWD", "> EPSV", "< 200 ok", "< \(Self.pasv) => PASV 5001", "< 257 here",
            "< \(Self.epsv) => EPSV 5001",
        ])
        _ = Self.play(
            [
                "< 220 hello", "> USER x", "> PASS y", "> PASV", "< 331 more", "< 230 ok",
                "< \(Self.pasv) => PASV 5001",
            ],
            from: .fresh
        )
        _ = Self.play(
            [
                "> USER x", "> PASS y", "> PASV", "< 220 hello", "< 230 ok", "< 202 ok",
                "< \(Self.pasv) => PASV 5001",
            ],
            from: .fresh
        )
    }

    static let unsolicited: [[String]] = [
        ["< \(pasv) => unsolicited"], ["< \(epsv) => unsolicited"], ["< \(lpsv) => unsolicited"],
        ["> NOOP", "< \(pasv) => unsolicited"],
        ["> PASV", "< \(pasv) => PASV 5001", "< \(pasv) => unsolicited"],
        ["> PASV", "< 500 no", "> NOOP", "< \(pasv) => unsolicited"],
        ["> PASV", "< 500 no", "< \(pasv) => PASV 5001", "< \(pasv) => unsolicited"],
        ["> EPSV ALL", "< \(epsv) => unsolicited"],
        ["> PASV", "> NOOP", "< \(pasv) => PASV 5001", "< \(pasv) => unsolicited"],
        // Nothing that announces nothing is worth a word.
        ["< 227 Logout.", "> QUIT", "< 227 Logout.", "< 229 bye", "< 228 bye"],
    ]

    @Test(arguments: unsolicited)
    func `only the final reply to the right command announces`(lines: [String]) {
        _ = Self.play(lines)
    }

    @Test func `an unasked reply before the login is unsolicited`() {
        _ = Self.play(["< 220 hello", "< \(Self.pasv) => unsolicited"], from: .fresh)
        _ = Self.play(["< \(Self.pasv) => unsolicited"], from: .fresh)
    }

    @Test func `a preliminary reply answers nothing yet`() {
        _ = Self.play(["> RETR f", "> PASV", "< 150 here", "< 226 done", "< \(Self.pasv) => PASV 5001"])
        _ = Self.play(["> PASV", "< 110 wait", "< 120 wait", "< \(Self.pasv) => PASV 5001"])
        _ = Self.play(
            ["< 120 soon", "< 220 now", "> USER x", "< 230 ok", "> \(Self.port) => PORT 5001"],
            from: .fresh
        )
    }

    @Test func `an unknown command is answered like any other`() {
        _ = Self.play(["> XYZZY 1", "> PASV", "< 500 what?", "< \(Self.pasv) => PASV 5001"])
        _ = Self.play(["> PORTABLE 10,1,0,2,19,137", "> PASV", "< 500 what?", "< \(Self.pasv) => PASV 5001"])
        _ = Self.play(["> XYZZY", "> \(Self.port) => PORT 5001", "< 500 what?", "< 200 ok"])
        // Some servers answer an empty line, and some do not.
        _ = Self.play([">", "> PASV", "< \(Self.pasv) => PASV 5001"].map { $0 == ">" ? "> " : $0 })
        _ = Self.play(
            [">", "> \(Self.port) => PORT 5001", "< 500 what?", "< 200 ok"].map { $0 == ">" ? "> " : $0 }
        )
    }

    @Test func `EPSV ALL asks for no port`() {
        _ = Self.play([
            "> EPSV ALL", "< 200 ok", "> EPSV", "< \(Self.epsv) => EPSV 5001", "> epsv all", "< 200 ok",
        ])
        _ = Self.play(
            ["> EPSV ALL", "< 200 ok"]
                + (0..<3).flatMap { _ in ["> EPSV", "< \(Self.epsv) => EPSV 5001", "> RETR f", "< 226 done"] },
            from: .adopted
        )
        _ = Self.play(["> EPSV 1", "< \(Self.epsv) => EPSV 5001"])
    }

    // MARK: Multi-line replies

    @Test func `only the last line of a reply counts`() {
        _ = Self.play([
            "> PASV", "< 227-\(Self.pasv.dropFirst(4))", "<  \(Self.pasv)", "< 2270 x", "< 226 x", "< 227-x",
            "< \(Self.pasv) => PASV 5001",
        ])
        _ = Self.play([
            "> NOOP", "> PASV", "< 200-a", "< \(Self.pasv)", "< 200 b", "< \(Self.pasv) => PASV 5001",
        ])
        _ = Self.play(["> PASV", "< 227-(10,2,0,2,19,138)", "< \(Self.pasv) => PASV 5001"])
        _ = Self.play([
            "> FEAT", "> PASV", "< 211-Features:", "<  EPRT", "< EPSV", "< 211 End",
            "< \(Self.pasv) => PASV 5001",
        ])
        _ = Self.play([
            "> X", "> PASV", "< 150-a", "< \(Self.pasv)", "< 150 b", "< 226 c", "< \(Self.pasv) => PASV 5001",
        ])
        _ = Self.play(
            ["> PASV", "< 227-a", "< 227", "< \(Self.pasv) => unsolicited"].map {
                $0 == "< 227" ? "< 227 => malformed" : $0
            }
        )
    }

    // MARK: Login

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
        #expect(Self.play(lines, from: .fresh).state == state)
        guard state != .greeting else { return }
        let outcome = state == .ready ? "PORT 5001" : "not-logged-in"
        _ = Self.play(lines + ["> \(Self.port) => \(outcome)", "< 200 ok"], from: .fresh)
        let passive = state == .ready ? "PASV 5001" : "not-logged-in"
        _ = Self.play(lines + ["> PASV", "< \(Self.pasv) => \(passive)"], from: .fresh)
    }

    @Test func `an announcement as the first line is not logged in`() {
        _ = Self.play(["> \(Self.port) => not-logged-in"], from: .fresh)
        _ = Self.play(["> PORT 1 => malformed"], from: .fresh)
    }

    @Test func `a new login counts as logged out until it is accepted`() {
        _ = Self.play([
            "> USER z", "< 331 more", "> \(Self.port) => not-logged-in", "< 503 no => rejects", "> PASS z",
            "< 230 ok",
            "> \(Self.port) => PORT 5001",
        ])
        _ = Self.play(["> USER z", "< 530 no", "> \(Self.port) => PORT 5001"])
        _ = Self.play(["> REIN", "< 220 ok", "> \(Self.port) => not-logged-in"])
        _ = Self.play(["> REIN", "< 120 wait", "< 220 ok", "> PASV", "< \(Self.pasv) => not-logged-in"])
        _ = Self.play(["> REIN", "< 502 no", "> \(Self.port) => PORT 5001"])
        _ = Self.play([
            "> REIN", "< 220 ok", "> USER z", "< 331 more", "> PASS z", "< 230 ok",
            "> \(Self.port) => PORT 5001",
        ])
    }

    @Test func `the user is remembered, a password never`() {
        #expect(
            Self.play(["< 220 hello", "> USER anonymous", "< 331 more", "> PASS secret"], from: .fresh).user
                == Array("anonymous".utf8)
        )
        let long = String(repeating: "u", count: 100)
        #expect(
            Self.play(["< 220 hello", "> USER \(long)"], from: .fresh).user == Array(long.utf8.prefix(64))
        )
        #expect(Self.play(["> USER"], from: .fresh).user.isEmpty)
    }

    // MARK: Sixty-four

    @Test
    func `beyond sixty-four pending commands the oldest are forgotten, but their replies are expected`() {
        let noops = [String](repeating: "> NOOP", count: 63)
        let answers = [String](repeating: "< 200 ok", count: 63)
        let usual = ["> PASV", "< \(Self.pasv) => PASV 5001"]
        _ = Self.play(noops + ["> PASV"] + answers + ["< \(Self.pasv) => PASV 5001"] + usual)
        _ = Self.play(
            noops + ["> NOOP", "> PASV"] + answers + ["< 200 ok", "< \(Self.pasv) => PASV 5001"] + usual
        )
        // The answers to those that are forgotten come first, errors too.
        let many = [String](repeating: "> MDTM f", count: 151)
        let errors = [String](repeating: "< 550 no", count: 151)
        _ = Self.play(many + ["> PASV"] + errors + ["< \(Self.pasv) => PASV 5001"] + usual)
        // The ring turns.
        let turn = ["> NOOP", "> PASV", "> NOOP", "< 200 ok", "< \(Self.pasv) => PASV 5001", "< 200 ok"]
        _ = Self.play((0..<100).flatMap { _ in turn })
    }

    @Test func `after more commands than are kept an error rejects only the PORT that it answers`() {
        let noops = [String](repeating: "> NOOP", count: 100)
        _ = Self.play(
            noops + ["> \(Self.port) => PORT 5001"] + noops.map { _ in "< 500 no" } + ["< 500 no => rejects"]
        )
    }

    // MARK: Errors

    @Test func `an error rejects only the PORT that it answers`() {
        _ = Self.play(["> \(Self.port) => PORT 5001", "< 500 no => rejects"])
        _ = Self.play(["> \(Self.port) => PORT 5001", "< 425 no => rejects"])
        _ = Self.play(["> \(Self.port) => PORT 5001", "< 200 ok", "> LIST", "< 550 no"])
        _ = Self.play(["> NOOP", "> \(Self.port) => PORT 5001", "< 500 no", "< 200 ok"])
        _ = Self.play(["> EPRT |1|10.1.0.2|5001| => EPRT 5001", "< 522-no", "< 500 x", "< 522 no => rejects"])
        _ = Self.play(["> PASV", "< 425 no"])
    }

    @Test func `an error rejects by the ordinal of its command`() {
        var session = Session(isAdopted: true)
        var announced: [UInt32] = []
        var rejected: [UInt32] = []
        for line in [
            "> A", "> \(Self.port)", "> \(Self.port)", "< 200 ok", "< 500 no", "< 200 ok", "> \(Self.port)",
            "< 500 no",
        ] {
            let bytes = Array((line.dropFirst(2) + "\r\n").utf8)
            let outcome =
                line.hasPrefix(">")
                ? session.command(bytes.span, on: v4(10, 1, 0, 2), refusesPipelined: false)
                : session.reply(bytes.span, on: v4(10, 1, 0, 2))
            if case .announces(_, let command) = outcome { announced.append(command) }
            if case .rejects(let command) = outcome { rejected.append(command) }
        }
        #expect(announced.count == 3)
        #expect(Set(announced).count == 3)
        #expect(rejected == [announced[0], announced[2]])
    }

    // MARK: ABOR

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
        _ = Self.play(transfer + answers + behind + ["> PASV", "< \(Self.pasv) => PASV 5001"] + again)
    }

    @Test func `an ABOR without a transfer is answered once`() {
        _ = Self.play(["> ABOR", "< 225 nothing", "> PASV", "< \(Self.pasv) => PASV 5001"])
        _ = Self.play([
            "> ABOR", "< 502 what?", "> NOOP", "< 200 ok", "> PASV", "< \(Self.pasv) => PASV 5001",
        ])
    }

    @Test func `the second reply to an ABOR may come after the next command`() {
        _ = Self.play([
            "> RETR f", "< 150 here", "> ABOR", "< 426 cut", "> PASV", "< 226 ok",
            "< \(Self.pasv) => PASV 5001",
        ])
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
        let session = Self.play(lines, from: .fresh)
        #expect(session.state == .notFTP)
        #expect(!session.isSoliciting)
        if case .ignored = session.content(of: .client) {} else { Issue.record("the client is still read") }
        if case .ignored = session.content(of: .server) {} else { Issue.record("the server is still read") }
    }

    @Test func `after the login lines may be anything`() {
        #expect(
            Self.play(["> GET / HTTP/1.1", "< what?", "< 500 no", "> \(Self.port) => PORT 5001"]).state
                == .ready
        )
        #expect(
            Self.play(["> USER x", "> GET / HTTP/1.1", "< 220 x", "< hello"], from: .fresh).state == .login
        )
        #expect(Self.play(["> GET / HTTP/1.1", "< what?"], from: .adopted).state == .ready)
    }

    // MARK: Adoption

    @Test func `an adopted session counts as logged in`() {
        _ = Self.play(
            ["> \(Self.port) => PORT 5001", "< 200 ok", "> PASV", "< \(Self.pasv) => PASV 5001"],
            from: .adopted
        )
    }

    @Test func `replies to commands from before the adoption answer nothing`() {
        _ = Self.play(["> PASV", "< 226 done", "< 200 ok", "< \(Self.pasv) => PASV 5001"], from: .adopted)
        _ = Self.play(
            ["> NOOP", "> PASV", "< 226 done", "< 200 ok", "< \(Self.pasv) => PASV 5001"],
            from: .adopted
        )
        _ = Self.play(
            ["< \(Self.pasv) => unsolicited", "> PASV", "< \(Self.pasv) => PASV 5001"],
            from: .adopted
        )
        // From then on they are in step.
        _ = Self.play(
            [
                "> PASV", "> PASV", "< \(Self.pasv) => PASV 5001", "< \(Self.pasv) => unsolicited", "> PASV",
                "> PASV", "< \(Self.pasv) => PASV 5001", "< \(Self.pasv) => PASV 5001",
            ],
            from: .adopted
        )
    }

    // MARK: Strictness and order

    @Test func `a strict session refuses pipelined announcements`() {
        let lines = [
            "> NOOP", "> \(Self.port) => pipelined", "< 200 ok", "< 200 ok", "> \(Self.port) => PORT 5001",
        ]
        _ = Self.play(lines, refusesPipelined: true)
        _ = Self.play(["> XYZZY", "> \(Self.port) => pipelined"], refusesPipelined: true)
        _ = Self.play(
            ["> \(Self.port) => PORT 5001", "> LIST", "< 200 ok", "< 226 ok", "> \(Self.port) => PORT 5001"],
            refusesPipelined: true
        )
        // One answer to an ABOR or two: the next PORT is welcome.
        for answers in [["< 426 cut", "< 226 ok"], ["< 226 ok"]] {
            _ = Self.play(
                ["> RETR f", "> ABOR"] + answers + ["> TYPE I", "< 200 ok", "> \(Self.port) => PORT 5001"],
                refusesPipelined: true
            )
        }
    }

    @Test func `of several reasons for a refusal the first one is reported`() {
        _ = Self.play(
            ["< 220 x", "> PORT x => malformed", "> \(Self.port) => not-logged-in"],
            from: .fresh,
            refusesPipelined: true
        )
        _ = Self.play([
            "> PASV", "< 227 no => malformed", "> EPSV", "< 229 (|||0|) => malformed", "> LPSV",
            "< 228 => malformed",
        ])
    }

    @Test func `a reply is awaited from its command to its answer`() {
        #expect(!Self.play([]).isSoliciting)
        #expect(Self.play(["> PASV"]).solicited(by: 227) == .pasv)
        let one = Self.play(["> NOOP", "> EPSV", "< 200 ok", "< 200 ok"])
        #expect(one.solicited(by: 229) == .epsv)
        #expect(one.solicited(by: 227) == .pasv)
        #expect(one.solicited(by: 226) == nil)
        #expect(!Self.play(["> LPSV", "< 500 no", "> NOOP"]).isSoliciting)
        #expect(!Self.play(["> EPSV ALL"]).isSoliciting)
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
            _ = Self.play(
                lines
                    + (0..<12).flatMap { _ in
                        ["> PASV", "< \(Self.pasv) => PASV 5001", "> RETR f", "< 226 ok"]
                    },
                refusesPipelined: refuses
            )
            _ = Self.play(lines + ["> EPSV", "< 250 late", "< \(Self.epsv) => EPSV 5001"])
            guard !lines.contains(where: { $0.hasPrefix("<") }) || lines.last?.hasPrefix("<") == true else {
                continue
            }
            _ = Self.play(
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
            _ = Self.play(["> PASV", "< \(late)", "< \(Self.pasv) => PASV 5001"])
        }
    }

    @Test func `227, 228 and 229 answer any of their pending commands`() {
        for command in ["PASV", "EPSV", "LPSV", "P@SW", "CPSV", "pasv", "p@sw"] {
            _ = Self.play(["> \(command)", "< \(Self.pasv) => PASV 5001"])
            _ = Self.play(["> \(command)", "< \(Self.epsv) => EPSV 5001"])
            _ = Self.play(["> \(command)", "< \(Self.lpsv) => LPSV 5001"])
        }
        _ = Self.play(["> NOOP", "> PASV", "< \(Self.pasv) => PASV 5001", "< 200 ok"])
        _ = Self.play(["> PASV", "> PASV", "< \(Self.pasv) => PASV 5001", "< \(Self.pasv) => PASV 5001"])
    }

    @Test func `the end of a multi-line reply is not guessed before the client's next command`() {
        _ = Self.play([
            "> STAT", "> PASV", "< 213-a", "< \(Self.pasv)", "< 226 x", "< \(Self.pasv)", "< 213 b",
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
            _ = Self.play(
                ["> \(command)", "< 213-x"] + more
                    + [
                        "> PASV", "< \(Self.pasv) => unended-reply", "> EPSV",
                        "< \(Self.epsv) => unended-reply",
                        "< 213 end", "< \(Self.pasv) => PASV 5001", "< \(Self.epsv) => EPSV 5001",
                    ]
            )
        }
        // A hole in it changes nothing.
        for lines in [["< 213-x"], []] {
            var session = Self.play(["> \(command)"] + lines)
            _ = session.noteMissedBytes(from: .server)
            for line in ["PASV", "EPSV"] {
                let family = address("10.1.0.2")
                _ = session.command(Array("\(line)\r\n".utf8).span, on: family, refusesPipelined: false)
                let outcome = session.reply(Array("\(Self.pasv)\r\n".utf8).span, on: family)
                #expect(Self.describe(outcome) == "unended-reply")
            }
        }
        // Also while a server has answered more often than it was asked.
        _ = Self.play(
            ["> NOOP", "> \(command)", "< 200 x", "< 200 x", "< 200 x"]
                + ["> PASV", "< 213-x", "> NOOP", "< \(Self.pasv) => unended-reply"]
        )
    }

    /// Plays lines up to the agreement on TLS, after which both sides go on in plain text.
    private static func playThroughTLS(_ lines: [String], refused: [String] = []) -> Session {
        var session = play(lines + ["> AUTH TLS"] + refused + ["< 234 go on => encrypts"])
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
            #expect(describe(outcome) == expected, "\(text)")
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

    @Test(arguments: ["200 ok", "220 ok", "202 ok", "230 ok", "250 ok"])
    func `any success of PASS is a login, and only 230 and 232 of USER`(reply: String) {
        #expect(
            Self.play(["< 220 x", "> USER u", "< 331 p", "> PASS p", "< \(reply)"], from: .fresh).state
                == .ready
        )
        let isAccepted = reply.hasPrefix("230")
        #expect(
            Self.play(["< 220 x", "> USER u", "< \(reply)"], from: .fresh).state
                == (isAccepted ? .ready : .login)
        )
    }

    @Test func `a client that pipelines may announce during its login`() {
        let lines = ["> USER u", "> PASS p", "> TYPE I", "> \(Self.port) => PORT 5001", "> STOR x"]
        #expect(!Self.play(["< 220 x"] + lines, from: .fresh).isLoggedIn)
        #expect(Self.play(lines + ["< 220 x", "< 331 p", "< 230 ok"], from: .fresh).isLoggedIn)
        let refused = Self.play(["< 220 x"] + lines + ["< 331 p", "< 530 no"], from: .fresh)
        #expect(!refused.isLoggedIn && !refused.isLoginUnderWay)
    }

    @Test func `a login is accepted by its own reply even if earlier replies are missing`() {
        #expect(
            Self.play(["< 220 x", "> CLNT x", "> USER u", "< 331 p", "> PASS p", "< 230 ok"], from: .fresh)
                .isLoggedIn
        )
        #expect(
            Self.play(
                ["< 220 x", "< 220 x", "> USER u", "< 220 x", "< 331 p", "> PASS p", "< 230 ok"],
                from: .fresh
            )
            .isLoggedIn
        )
    }

    @Test func `only text lines and Telnet options may come before the greeting`() {
        let text = [String](repeating: "< hello", count: 19)
        let login = ["> USER u", "< 331 p", "> PASS p", "< 230 ok"]
        #expect(Self.play(text + ["< 220 x"] + login, from: .fresh).isLoggedIn)
        #expect(Self.play(["< 220-a", "< 220-b"] + login, from: .fresh).isLoggedIn)
        #expect(Self.play(["< 220-a", "< b"] + login, from: .fresh).isLoggedIn)
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
        #expect(Self.play(["> \(line)"], from: .fresh).state == .greeting)
    }

    // MARK: Gaps

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
            ["> NOOP", "< x", "< 200 x", "> PASV", "< \(Self.pasv)"], ["< 200 x", "> PWD", "< 257 x"],
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
            ["< \(Self.pasv)"], ["< 200 x", "< \(Self.pasv)"], ["< 213-x", "< \(Self.pasv)", "< 213 y"],
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
