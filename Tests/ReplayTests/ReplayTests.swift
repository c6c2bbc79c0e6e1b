// SPDX-License-Identifier: GPL-2.0-or-later
import Captures
import Formats
import FTPHelper
import PinholeDaemon
import Replay
import Testing
import TestPackets

@Suite struct ReplayTests {
    /// An event in short: its frame and its name, followed by the announcement or the refusal.
    private static func brief(_ record: EventRecord) -> String {
        let rest =
            switch record.event {
            case .connection(let summary): summary.isAdopted ? " adopted" : ""
            case .expectation(let expectation): " \(expectation.kind.rawValue) \(expectation.to)"
            case .data(_, let source): " \(source)"
            case .closed(_, let reason): " \(reason.rawValue)"
            case .refused(let refusal): " \(refusal.reason.rawValue)"
            case .transfer(let transfer): " \(transfer.command?.rawValue ?? "")"
            default: ""
            }
        return "\(record.frame ?? 0) \(record.event.name)\(rest)"
    }

    /// Replays packets, one a millisecond unless they have times of their own.
    private static func events(
        _ packets: [[UInt8]],
        _ selection: Replay.Selection = .ports([21]),
        _ linkType: LinkType = .bare,
        behind header: [UInt8] = [],
        seconds: [UInt64] = [],
        sizes: [Int: Int] = [:]
    ) -> [String] {
        records(packets, selection, linkType, behind: header, seconds: seconds, sizes: sizes).map(brief)
    }

    private static func records(
        _ packets: [[UInt8]],
        _ selection: Replay.Selection = .ports([21]),
        _ linkType: LinkType = .bare,
        behind header: [UInt8] = [],
        seconds: [UInt64] = [],
        sizes: [Int: Int] = [:]
    ) -> [EventRecord] {
        var replay = Replay(linkType, selection)
        for (index, packet) in packets.enumerated() {
            let bytes = header + packet
            let time = seconds.isEmpty ? UInt64(index) * 1_000_000 : seconds[index] * 1_000_000_000
            let frame = CaptureFile.Frame(
                number: UInt64(index + 1),
                nanoseconds: time,
                size: sizes[index + 1] ?? bytes.count
            )
            replay.receive(frame, bytes.span)
        }
        return replay.takeRecords()
    }

    private static func syn(_ source: Endpoint, _ destination: Endpoint) -> [UInt8] {
        packet(Tuple(source: source, destination: destination), [.syn], sequence: 77, acknowledgement: 0)
    }

    private static let serverData = Endpoint(Samples.server.address, 20)
    private static let clientData = Endpoint(Samples.client.address, 5001)

    /// A session with an active and a passive transfer, and how it ends.
    private static func session(_ conversation: inout Conversation) -> [[UInt8]] {
        var packets = conversation.login()
        packets += conversation.play(["CPORT 10,1,0,2,19,137", "S200 ok", "CLIST"])
        packets.append(syn(serverData, clientData))
        packets += conversation.play(["S150 here", "S226 done", "CPASV", "S227 ok (10,2,0,2,19,138)"])
        packets.append(syn(Endpoint(Samples.client.address, 40113), Endpoint(Samples.server.address, 5002)))
        packets += conversation.play(["CRETR x", "S226 done", "CQUIT", "S221 bye"])
        packets.append(conversation.server("", [.ack, .fin]))
        packets.append(conversation.client("", [.ack, .fin]))
        return packets
    }

    @Test(arguments: [Replay.Selection.ports([21]), .content])
    func `a capture may have each direction from another side of NAT`(selection: Replay.Selection) {
        let own = Endpoint(IPAddress.v4(0xc0a8_0002), 21)
        let seen = Endpoint(IPAddress.v4(0xcb00_7101), 50000)
        var conversation = Conversation(reply: Tuple(source: own, destination: seen))
        var packets = conversation.login()
        packets += conversation.play(["CPORT 10,1,0,2,19,137", "S200 ok", "CLIST"])
        packets.append(Self.syn(Endpoint(own.address, 20), Endpoint(seen.address, 5001)))
        packets += conversation.play(["S150 here", "S226 done", "CPASV", "S227 ok (192,168,0,2,19,138)"])
        packets.append(
            Self.syn(Endpoint(Samples.client.address, 40113), Endpoint(Samples.server.address, 5002))
        )
        #expect(
            Self.events(packets, selection) == [
                "2 connection", "9 expectation PORT 203.0.113.1:5001", "12 data 192.168.0.2:20",
                "14 transfer LIST", "16 expectation PASV 10.2.0.2:5002", "17 data 10.1.0.2:40113",
            ]
        )
    }

    @Test func `a greeting of eighty packets is kept until the connection is recognised`() {
        var conversation = Conversation()
        var packets = conversation.handshake()
        for number in 1...80 {
            packets.append(conversation.server("220-\(number) " + String(repeating: "x", count: 66) + "\r\n"))
            packets.append(conversation.client(""))
        }
        packets += conversation.play([
            "S220 ready", "CUSER joe", "S331 password", "CPASS secret", "S230 ok", "CPORT 10,1,0,2,19,137",
        ])
        #expect(
            Self.events(packets, .content) == [
                "2 connection", "\(packets.count) expectation PORT 10.1.0.2:5001",
            ]
        )
    }

    private static let sessionEvents = [
        "2 connection", "9 expectation PORT 10.1.0.2:5001", "12 data 10.2.0.2:20",
        "14 transfer LIST", "16 expectation PASV 10.2.0.2:5002", "17 data 10.1.0.2:40113",
        "19 transfer RETR", "23 connection-closed",
    ]

    @Test(arguments: [
        (LinkType.bare, []),
        (.ethernet, [UInt8](repeating: 2, count: 12) + [0x08, 0x00]),
        (.ethernet, [UInt8](repeating: 2, count: 12) + [0x88, 0xa8, 0, 5, 0x81, 0, 0, 7, 0x08, 0x00]),
        (.cooked, [UInt8](repeating: 0, count: 14) + [0x08, 0x00]),
        (.cookedVersion2, [0x08, 0x00] + [UInt8](repeating: 0, count: 18)),
        (.loopback, [2, 0, 0, 0]),
    ])
    func `every link type gives the same events`(_ linkType: LinkType, _ header: [UInt8]) {
        var conversation = Conversation()
        let packets = ReplayTests.session(&conversation)
        #expect(
            ReplayTests.events(packets, .ports([21]), linkType, behind: header) == ReplayTests.sessionEvents
        )
    }

    @Test func `an event has the time of its frame`() throws {
        var conversation = Conversation()
        let records = ReplayTests.records(ReplayTests.session(&conversation))
        #expect(records.allSatisfy { $0.time == Double(($0.frame ?? 0) - 1) / 1000 })
        let data = try #require(records.first { $0.event.name == "data" })
        #expect(data.json.text.hasPrefix(#"{"time":0.011,"frame":12,"event":"data","id":1,"kind":"PORT","#))
        #expect(
            data.text.hasPrefix(
                "1970-01-01T00:00:00.011Z data frame=12 id=1 kind=PORT client=10.1.0.2:40112 "
            )
        )
    }

    @Test func `a connection to another port is followed if that is configured as a control port`() {
        var conversation = Conversation(Samples.client, Endpoint(Samples.server.address, 2121))
        let packets = ReplayTests.session(&conversation)
        #expect(ReplayTests.events(packets, .ports([21, 2121])) == ReplayTests.sessionEvents)
        #expect(ReplayTests.events(packets, .ports([21])) == [])
    }

    @Test func `without the handshake the side without the control port is the client, and logged in`() {
        for isServerFirst in [true, false] {
            var conversation = Conversation()
            let lines = (isServerFirst ? ["S226 done"] : []) + ["CPASV", "S227 ok (10,2,0,2,19,138)"]
            let packets = conversation.play(lines)
            #expect(
                ReplayTests.events(packets) == [
                    "1 connection adopted", "\(lines.count) expectation PASV 10.2.0.2:5002",
                ]
            )
        }
    }

    @Test func `between two control ports the sender of the SYN is the client`() {
        let client = Endpoint(Samples.client.address, 2121)
        var whole = Conversation(client, Samples.server)
        #expect(
            ReplayTests.events(whole.login(), .ports([21, 2121])) == ["2 connection"]
        )
        // Without the SYN-ACK.
        var adopted = Conversation(client, Samples.server)
        let packets =
            [adopted.handshake()[0]] + adopted.play(["S220 ready", "CPORT 10,1,0,2,19,137"])
        #expect(
            ReplayTests.events(packets, .ports([21, 2121]))
                == ["2 connection adopted", "3 expectation PORT 10.1.0.2:5001"]
        )
        // Without either, the sender of the first packet.
        #expect(
            ReplayTests.events(Array(packets.suffix(1)), .ports([21, 2121]))
                == ["1 connection adopted", "1 expectation PORT 10.1.0.2:5001"]
        )
    }

    @Test func `a client may use a control port that the server does not use`() {
        var conversation = Conversation(
            Endpoint(Samples.client.address, 21),
            Endpoint(Samples.server.address, 2121)
        )
        let packets = ReplayTests.session(&conversation)
        #expect(ReplayTests.events(packets) == ReplayTests.sessionEvents)
    }

    @Test func `only the expected SYN begins a data connection, and only once`() {
        var conversation = Conversation()
        var packets = conversation.login() + conversation.play(["CPORT 10,1,0,2,19,137", "S200 ok"])
        let (server, client) = (ReplayTests.serverData, ReplayTests.clientData)
        packets += [
            ReplayTests.syn(server, Endpoint(client.address, 5002)),
            ReplayTests.syn(Endpoint(Samples.gateway, 20), client),
            packet(Tuple(source: server, destination: client), [.syn, .ack]),
            packet(Tuple(source: server, destination: client), [.ack]),
            ReplayTests.syn(Endpoint(server.address, 21), client),
            ReplayTests.syn(server, client),
            ReplayTests.syn(server, client),
        ]
        #expect(
            ReplayTests.events(packets)
                == ["2 connection", "9 expectation PORT 10.1.0.2:5001", "16 data 10.2.0.2:20"]
        )
    }

    @Test func `a lost segment loses its lines and the line after it`() {
        var conversation = Conversation()
        var packets = conversation.login()
        let lost = conversation.play(["CPORT 10,1,0,2,19,137"])
        packets += conversation.play(["S200 ok", "CNOOP", "S200 ok", "CPORT 10,1,0,2,19,138", "S200 ok"])
        #expect(!lost.isEmpty)
        #expect(
            ReplayTests.events(packets) == ["2 connection", "10 gap", "12 expectation PORT 10.1.0.2:5002"]
        )
    }

    @Test func `an expectation expires by the time of the capture`() {
        var conversation = Conversation()
        let packets =
            conversation.login() + conversation.play(["CPORT 10,1,0,2,19,137"])
            + [ReplayTests.syn(ReplayTests.serverData, ReplayTests.clientData)]
        func events(_ seconds: UInt64) -> [String] {
            Array(
                ReplayTests.events(packets, seconds: [UInt64](repeating: 1000, count: 9) + [seconds])
                    .dropFirst(2)
            )
        }
        #expect(events(1299) == ["10 data 10.2.0.2:20"])
        #expect(events(1300) == ["10 expired"])
        #expect(events(UInt64(Int64.max) / 1_000_000_000) == ["10 expired"])
        // Time does not go back.
        #expect(events(0) == ["10 data 10.2.0.2:20"])
    }

    @Test func `the clock stands still while time stamps go back, and events keep theirs`() {
        var conversation = Conversation()
        let packets =
            conversation.login()
            + conversation.play(["CPORT 10,1,0,2,19,137", "S200 ok", "CPORT 10,1,0,2,19,138"])
            + [ReplayTests.syn(ReplayTests.serverData, Endpoint(Samples.client.address, 5002))]
        let seconds: [UInt64] = [1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 500, 700, 1299]
        let records = ReplayTests.records(packets, seconds: seconds)
        #expect(records.last.map(ReplayTests.brief) == "12 data 10.2.0.2:20")
        #expect(records.dropLast().last?.time == 700)
    }

    @Test func `a truncated packet is read as far as it goes`() {
        var conversation = Conversation()
        var packets = conversation.login()
        // The capture has all of the PORT, but not of the line behind it, nor of the reply.
        var both = conversation.client("PORT 10,1,0,2,19,137\r\nNOOP and a long rest\r\n")
        let size = both.count
        both.removeLast(9)
        packets.append(both)
        let reply = conversation.server("200 ok, and a great deal of text\r\n200 ok\r\n")
        packets.append(Array(reply.prefix(45)))
        packets += conversation.play(["CNOOP", "S200 ok", "CPORT 10,1,0,2,19,138", "S200 ok"])
        #expect(
            ReplayTests.events(packets, sizes: [9: size, 10: reply.count]) == [
                "2 connection", "9 expectation PORT 10.1.0.2:5001", "11 gap", "12 gap", "13 closed replaced",
                "13 expectation PORT 10.1.0.2:5002",
            ]
        )
    }

    @Test func `a packet with a length of 0 reaches to the end of its frame`() {
        var conversation = Conversation()
        var packets = conversation.login() + conversation.play(["CPORT 10,1,0,2,19,137"])
        for index in packets.indices { packets[index].replaceSubrange(2..<4, with: [0, 0]) }
        #expect(
            ReplayTests.events(packets) == ["2 connection", "9 expectation PORT 10.1.0.2:5001"]
        )
    }

    @Test func `frames without a TCP packet are ignored`() {
        var conversation = Conversation()
        var packets = conversation.login()
        var udp = packets[0]
        udp[9] = 17
        var fragment = packets[0]
        fragment[6] = 0x20
        packets += [udp, fragment, [], [0x45], [0xff, 0xff], [UInt8](repeating: 0x60, count: 41)]
        #expect(ReplayTests.events(packets) == ["2 connection"])
    }
}

/// Control connections found by content.
extension ReplayTests {
    @Test(arguments: [21, 2121, 40000] as [UInt16])
    func `a session on any port is found from its first frame`(_ port: UInt16) {
        var conversation = Conversation(Samples.client, Endpoint(Samples.server.address, port))
        let packets = ReplayTests.session(&conversation)
        #expect(ReplayTests.events(packets, .content) == ReplayTests.sessionEvents)
    }

    @Test func `without the handshake a session is found by a command and its reply, whoever sends first`() {
        let server = Endpoint(Samples.server.address, 2121)
        var passive = Conversation(Samples.client, server)
        var packets = passive.play(["S226 done", "CPASV", "S227 ok (10,2,0,2,19,138)"])
        #expect(
            ReplayTests.events(packets, .content)
                == ["1 connection adopted", "3 expectation PASV 10.2.0.2:5002"]
        )
        var active = Conversation(Samples.client, server)
        packets = active.play(["CPORT 10,1,0,2,19,137", "S200 ok"])
        packets.append(ReplayTests.syn(ReplayTests.serverData, ReplayTests.clientData))
        #expect(
            ReplayTests.events(packets, .content) == [
                "1 connection adopted", "1 expectation PORT 10.1.0.2:5001", "3 data 10.2.0.2:20",
            ]
        )
    }

    @Test(arguments: [
        [
            "S220 mail ESMTP", "CEHLO host", "S250 ok", "CMAIL FROM:<a@b>", "S250 ok", "CRCPT TO:<c@d>",
            "S250 ok",
        ],
        ["S+OK ready", "CUSER joe", "S+OK", "CPASS secret", "S+OK"],
        ["CGET / HTTP/1.1", "C", "SHTTP/1.1 200 OK", "S", "S220 USER joe"],
        ["CPOST / HTTP/1.1", "C", "CUSER joe", "S220 ready", "CPORT 10,1,0,2,19,137", "S200 ok"],
        ["S* OK ready", "Ca LOGIN joe secret", "Sa OK"],
    ])
    func `connections of other protocols are not shown`(_ lines: [String]) {
        var conversation = Conversation(Samples.client, Endpoint(Samples.server.address, 2525))
        #expect(ReplayTests.events(conversation.handshake() + conversation.play(lines), .content) == [])
    }

    @Test func `a new handshake may turn a connection of another protocol into FTP`() {
        let server = Endpoint(Samples.server.address, 2121)
        var first = Conversation(Samples.client, server)
        let web = first.handshake() + first.play(["CGET / HTTP/1.1", "CUSER joe", "S220 ready"])
        var second = Conversation(Samples.client, server)
        let shift = web.count
        let expected = ReplayTests.sessionEvents.map { event in
            let parts = event.split(separator: " ", maxSplits: 1)
            return "\((Int(parts[0]) ?? 0) + shift) \(parts[1])"
        }
        #expect(ReplayTests.events(web + ReplayTests.session(&second), .content) == expected)
        // Neither is remembered once it has been reset.
        var third = Conversation(Samples.client, server)
        let reset = packet(third.tuple, [.rst])
        let adopted = third.play(["CPASV", "S227 ok (10,2,0,2,19,138)"])
        #expect(
            ReplayTests.events(web + [reset] + adopted, .content) == [
                "\(shift + 2) connection adopted", "\(shift + 3) expectation PASV 10.2.0.2:5002",
            ]
        )
    }

    @Test func `a flood of other connections does not hide a session, and silent ones are forgotten`() {
        let server = Endpoint(Samples.server.address, 2121)
        var silent = Conversation(Samples.client, server)
        var packets = silent.handshake() + silent.play(["S220 ready"])
        for port in UInt16(1)...33000 {
            let tuple = Tuple(source: Samples.server, destination: Endpoint(Samples.gateway, port))
            packets.append(packet(tuple, [.syn, .ack]))
        }
        var session = Conversation(Endpoint(Samples.client.address, 40114), server)
        packets += session.login() + silent.play(["CUSER joe", "S331 password"])
        #expect(
            ReplayTests.events(packets, .content) == ["33006 connection", "33013 connection adopted"]
        )
    }
}
