// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

@testable import FTPHelper

/// Dialogues line by line: `>` is the client, `<` the server, and behind `=>` stands what the line does if not nothing.
@Suite struct SessionTests {
    enum Start { case fresh, ready, adopted }

    static func describe(_ outcome: Session.Outcome) -> String {
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
    static func play(
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

    static let port = "PORT 10,1,0,2,19,137"
    static let pasv = "227 ok (10,2,0,2,19,137)"
    static let epsv = "229 ok (|||5001|)"
    static let lpsv = "228 ok (4,4,10,2,0,2,2,19,137)"

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
}
