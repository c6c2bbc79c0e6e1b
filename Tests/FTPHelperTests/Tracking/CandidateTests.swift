// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@Suite struct CandidateTests {
    private static let client = Tuple(
        source: Endpoint(v4(10, 1, 0, 2), 40112),
        destination: Endpoint(v4(10, 2, 0, 2), 2121)
    )

    /// Plays lines, each behind `C` or `S` for its side, one packet a line; `nil` while nothing is decided.
    ///
    /// With `isFromStart`, a SYN-ACK comes before the first line.
    private static func standing(_ lines: [String], isFromStart: Bool = true) throws -> Candidate.Standing {
        var next: [UInt32] = [0xffff_fff0, 5000]
        var candidate: Candidate?
        func receive(_ side: Int, _ flags: TCPFlags, _ text: String) throws -> Candidate.Standing {
            let packet = PacketBuilder(
                tuple: side == 0 ? client : client.inverted,
                sequence: next[side],
                acknowledgement: next[1 - side],
                flags: flags,
                payload: Array(text.utf8)
            ).bytes
            next[side] &+= UInt32(text.utf8.count) + (flags.contains(.syn) ? 1 : 0)
            let segment = try Segment(parsing: packet.span)
            var current = candidate ?? Candidate(segment, segment.tuple)
            defer { candidate = current }
            return current.receive(packet.span, segment, segment.tuple)
        }
        if isFromStart { _ = try receive(1, [.syn, .ack], "") }
        for line in lines {
            let standing = try receive(line.first == "C" ? 0 : 1, [.ack, .psh], String(line.dropFirst()))
            if standing != .undecided { return standing }
        }
        return .undecided
    }

    @Test(arguments: [
        ["S220 ready\r\n", "CUSER anonymous\r\n"],
        ["S220-ready\r\n", "Srather\r\n", "S220 now\r\n", "CFEAT\r\n", "S500 no\r\n", "Cuser joe\r\n"],
        ["S2", "S20 rea", "Sdy\r", "S\nx", "CUS", "CER jo", "Ce\r\n"],
        ["S\r\n", "S120 soon\r\n", "S220 ready\r\n", "CUSER joe\r\n", "S331 password\r\n"],
        ["S220 ready\r\n", "CAUTH TLS\r\n", "S234 go ahead\r\n"],
    ])
    func `a greeting and a USER are a control connection`(_ lines: [String]) throws {
        #expect(try CandidateTests.standing(lines) == .control(CandidateTests.client))
    }

    @Test(arguments: [
        ["CUSER joe\r\n", "S331 password\r\n"],
        ["CPASS secret\r\n", "S230 welcome\r\n"],
        ["S226 done\r\n", "CPASV\r\n", "S227 Entering Passive Mode (10,2,0,2,19,137)\r\n"],
        ["CEPSV\r\n", "S229 ok (|||5001|)\r\n"],
        ["CPORT 10,1,0,2,19,137\r\n", "S200 ok\r\n"],
        ["CEPRT |1|10.1.0.2|5001|\r\n", "S200 ok\r\n"],
        ["CNOOP\r\n", "S200 ok\r\n", "CPASV\r\n", "S150 not yet\r\n", "S227 (10,2,0,2,19,137)\r\n"],
    ])
    func `a command and its own reply show a control connection in a partial capture`(
        _ lines: [String]
    ) throws {
        #expect(try CandidateTests.standing(lines, isFromStart: false) == .control(CandidateTests.client))
    }

    @Test(arguments: [
        ["CGET / HTTP/1.1\r\n"],
        ["CPOST / HTTP/1.1\r\nUSER x\r\n"],
        ["S220 mail ESMTP\r\n", "CEHLO host\r\n"],
        ["S220 mail ESMTP\r\n", "CHELO host\r\n"],
        ["S+OK pop\r\n", "CCAPA\r\n"],
        ["S* OK imap\r\n", "Ca1 LOGIN joe secret\r\n"],
        ["SSSH-2.0-OpenSSH\r\n", "CSSH-2.0-OpenSSH\r\n"],
        [String](repeating: "Shello\r\n", count: 20),
        ["C\u{16}\u{3}\u{1}rubbish\n"],
        ["S220 ready\r\n", "C220 ready too\r\n"],
        ["SUSER joe\r\n"],
    ])
    func `a connection that begins with another protocol is no control connection`(_ lines: [String]) throws {
        #expect(try CandidateTests.standing(lines) == .other)
    }

    @Test(arguments: [
        ["S220 mail\r\n", "CHELP\r\n", "S214 no\r\n", "CMAIL FROM:<a@b>\r\n", "S250 ok\r\n"],
        ["S200 poppassd\r\n", "CUSER joe\r\n", "S200 ok\r\n", "CPASS secret\r\n", "S200 ok\r\n"],
        ["S201 news\r\n", "CMODE READER\r\n", "S200 ok\r\n", "CQUIT\r\n", "S205 bye\r\n"],
        ["S220 ready\r\n", "CAUTH LOGIN\r\n", "S334 VXNlcm5hbWU6\r\n"],
        ["S220 ready\r\n", "CQUIT\r\n", "S221 bye\r\n"],
        ["CUSER joe\r\n"],
    ])
    func `words that other protocols use prove nothing`(_ lines: [String]) throws {
        #expect(try CandidateTests.standing(lines) == .undecided)
        #expect(try CandidateTests.standing(lines, isFromStart: false) == .undecided)
    }

    @Test func `text may come before the greeting`() throws {
        let lines = [String](repeating: "Shello\r\n", count: 19) + ["S220 ready\r\n", "CUSER joe\r\n"]
        #expect(try CandidateTests.standing(lines) == .control(CandidateTests.client))
    }

    @Test(arguments: [
        // From the middle of a line, and of a reply of many lines.
        ["Sxt of a greeting\r\n"] + [String](repeating: "Sand more of it\r\n", count: 80) + [
            "S220 ready\r\n"
        ],
        [String](repeating: "S-and more of it\r\n", count: 80) + ["S220 ready\r\n"],
        ["Cme secret\r\n", "S\u{1}\u{2}\r\n", "S UTF8\r\n", "S211 End\r\n"], ["S\r\n"],
    ])
    func `a capture may begin inside a reply of several lines`(_ lines: [String]) throws {
        let behind = ["CUSER joe\r\n", "S331 password\r\n"]
        #expect(
            try CandidateTests.standing(lines + behind, isFromStart: false) == .control(CandidateTests.client)
        )
    }

    @Test func `binary data ends the search in a partial capture, too`() throws {
        let lines = ["S\u{1}\u{2}\r\n", "S\u{1}\u{2}\r\n"]
        #expect(try CandidateTests.standing(lines, isFromStart: false) == .other)
    }

    @Test func `a connection that shows nothing of FTP for long is given up`() throws {
        let lines = [String](repeating: "CNOOP" + String(repeating: " ", count: 1000) + "\r\n", count: 17)
        #expect(try CandidateTests.standing(Array(lines.dropLast())) == .undecided)
        #expect(try CandidateTests.standing(lines) == .other)
    }

    @Test func `a lost segment is passed over once it is acknowledged`() throws {
        let server = CandidateTests.client.inverted
        func segment(_ tuple: Tuple, _ sequence: UInt32, _ acknowledgement: UInt32, _ text: String) -> [UInt8]
        {
            PacketBuilder(
                tuple: tuple,
                sequence: sequence,
                acknowledgement: acknowledgement,
                payload: Array(text.utf8)
            ).bytes
        }
        let packets = [
            segment(server, 5000, 1000, "220 ready\r\n"),
            // The client's SYST is missing; the server acknowledges it with its reply.
            segment(server, 5011, 1006, "215 UNIX\r\n"),
            segment(CandidateTests.client, 1006, 5021, "USER joe\r\n"),
        ]
        var candidate: Candidate?
        var standings: [Candidate.Standing] = []
        for packet in packets {
            let segment = try Segment(parsing: packet.span)
            var current = candidate ?? Candidate(segment, segment.tuple)
            standings.append(current.receive(packet.span, segment, segment.tuple))
            candidate = current
        }
        #expect(standings == [.undecided, .undecided, .control(CandidateTests.client)])
    }
}
