// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// Dialogues as real servers and clients have them, which no RFC has foreseen.
@Suite struct FieldTests {
    private static let plain = NATCase.all[0].mapping
    private static let port = "PORT 10,1,0,2,19,137\r\n"
    private static let told = "PORT 10,2,0,100,19,137\r\n"
    private static let passive = "227 (10,2,0,2,19,137)\r\n"

    /// A dialogue before its first line.
    private static func fresh(_ mapping: Mapping = snat, isStrict: Bool = false) -> Dialogue {
        var policy = Policy()
        policy.rules.isStrict = isStrict
        return Dialogue(mapping, policy: policy)
    }

    /// A dialogue with records, which another daemon can continue.
    private static func kept(_ mapping: Mapping) -> Dialogue {
        Dialogue(
            mapping,
            tracker: Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 1))
        )
    }

    private static func record(of dialogue: inout Dialogue) -> [UInt64] {
        var record: [UInt64] = []
        dialogue.tracker.takeRecords { _, new in
            record = new ?? []
            return 1
        }
        return record
    }

    /// Lets another daemon take over, and returns what it does at once.
    private static func restart(_ dialogue: inout Dialogue) throws -> [Action] {
        var next = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 2))
        var output = Output()
        let kept = try #require(KeptConnection(record(of: &dialogue), at: dialogue.now))
        #expect(next.restore(kept, at: dialogue.now, into: &output))
        dialogue.tracker = next
        return output.actions
    }

    // MARK: Clients that do not wait (S2a)

    @Test(arguments: [true, false])
    func `an announcement before the login reply opens once the login is accepted`(
        isOneSegment: Bool
    ) {
        for mapping in [snat, Self.plain] {
            var dialogue = Self.fresh(mapping)
            dialogue.send(.server, "220 x\r\n")
            let lines = ["USER u\r\n", "PASS p\r\n", "TYPE I\r\n", Self.port, "STOR x\r\n"]
            var sent = ""
            for text in isOneSegment ? [lines.joined()] : lines { sent += dialogue.send(.client, text) }
            let told = mapping == snat ? Self.told : Self.port
            #expect(sent == lines.joined().replacing(Self.port, with: told))
            #expect(dialogue.open.isEmpty && dialogue.tracker.expectations.isEmpty)
            #expect(dialogue.expected(ExpectationTests.syn(from: "10.2.0.2", to: "10.2.0.100", 5001)) == nil)
            dialogue.send(.server, "331 p\r\n")
            #expect(dialogue.open.isEmpty)
            dialogue.send(.server, "230 ok\r\n")
            #expect(dialogue.open == [mapping == snat ? "10.2.0.100:5001" : "10.1.0.2:5001"])
            dialogue.send(.server, "200 ok\r\n200 ok\r\n150 x\r\n226 ok\r\n")
            #expect(dialogue.open.count == 1 && dialogue.refusals.isEmpty)
        }
    }

    @Test(arguments: [
        ["331 p\r\n", "530 no\r\n"], ["331 p\r\n530 no\r\n", "200 ok\r\n"], ["530 no\r\n", "503 no\r\n"],
    ])
    func `an announcement before the login reply never opens if the login is refused`(replies: [String]) {
        var dialogue = Self.fresh()
        dialogue.send(.server, "220 x\r\n")
        dialogue.send(.client, "USER u\r\nPASS p\r\n" + Self.port + "STOR x\r\n")
        for reply in replies { dialogue.send(.server, reply) }
        #expect(dialogue.open.isEmpty && dialogue.refusals == [.notLoggedIn])
        dialogue.send(.client, "USER u\r\nPASS p\r\n")
        dialogue.send(.server, "331 p\r\n230 ok\r\n")
        #expect(dialogue.open.isEmpty && dialogue.tracker.expectationCount == 0)
        #expect(dialogue.tracker.book.ports.clientCount == 0, "its port is free again")
    }

    @Test func `an announcement before any login stays refused`() {
        var dialogue = Self.fresh()
        dialogue.send(.server, "220 x\r\n")
        #expect(dialogue.send(.client, Self.port) == Self.port)
        dialogue.send(.client, "USER u\r\n")
        dialogue.send(.server, "500 no\r\n331 p\r\n")
        #expect(dialogue.send(.client, Self.port) == Self.port)
        #expect(dialogue.refusals == [.notLoggedIn, .notLoggedIn])
    }

    @Test func `a restarted daemon opens an announcement from before the login reply`() throws {
        var dialogue = Self.kept(snat)
        dialogue.send(.server, "220 x\r\n")
        dialogue.send(.client, "USER u\r\nPASS p\r\n" + Self.port)
        let actions = try Self.restart(&dialogue)
        #expect(!actions.contains { if case .open = $0 { true } else { false } })
        dialogue.send(.server, "331 p\r\n230 ok\r\n")
        #expect(dialogue.open == ["10.2.0.100:5001"])
    }

    // MARK: Gaps

    @Test(arguments: [false, true], [false, true])
    func `a login that was missed is inferred from the server's later replies`(
        isPasswordMissed: Bool,
        acknowledgesAtOnce: Bool
    ) {
        var dialogue = Self.fresh(Self.plain)
        dialogue.send(.server, "220 x\r\n")
        dialogue.send(.client, "USER u\r\n")
        dialogue.send(.server, "331 p\r\n")
        if isPasswordMissed {
            dialogue.miss(.client, "PASS p\r\n")
        } else {
            dialogue.send(.client, "PASS p\r\n")
        }
        dialogue.miss(.server, "230 ok\r\n")
        if acknowledgesAtOnce { dialogue.transmit(dialogue.segment(.client)) }
        dialogue.send(.client, "NOOP\r\n")
        dialogue.send(.server, "200 ok\r\n")
        if acknowledgesAtOnce { dialogue.transmit(dialogue.segment(.client)) }
        dialogue.send(.client, "PASV\r\n")
        dialogue.send(.server, Self.passive)
        #expect(dialogue.open == ["10.2.0.2:5001"])
        #expect(dialogue.refusals.isEmpty)
    }

    @Test(arguments: ["A", "I"])
    func `a restarted daemon knows the state of transfers`(type: String) throws {
        var dialogue = Self.kept(snat)
        dialogue.logIn()
        dialogue.send(.client, "TYPE \(type)\r\n")
        let kept = try #require(KeptConnection(Self.record(of: &dialogue), at: dialogue.now))
        #expect(kept.connection.session.isASCII == (type == "A"))
    }

    @Test func `a first line that was cut by a restart makes the connection not FTP`() throws {
        var dialogue = Self.kept(Self.plain)
        dialogue.send(.server, "220 x\r\n")
        dialogue.send(.client, "USER / ")
        _ = try Self.restart(&dialogue)
        dialogue.send(.server, "331 p\r\n230 ok\r\n")
        dialogue.send(.client, "HTTP/1.1\r\n\r\n" + Self.port)
        #expect(dialogue.open.isEmpty && dialogue.tracker.connections.first?.state == .notFTP)
    }

    // MARK: Long lines (B5)

    @Test(arguments: [4096, 4097, 5000, 20_000], [1400, 50_000])
    func `a reply that is too long to be read still answers its command`(size: Int, piece: Int) {
        var dialogue = Self.fresh()
        dialogue.send(.server, "220 x\r\n")
        dialogue.send(.client, "USER u\r\n")
        dialogue.send(.server, "331 p\r\n")
        dialogue.send(.client, "PASS p\r\n")
        var rest = Substring("230 " + String(repeating: "x", count: size) + "\r\n")
        while !rest.isEmpty {
            dialogue.send(.server, String(rest.prefix(piece)))
            rest = rest.dropFirst(piece)
        }
        dialogue.send(.client, Self.port)
        #expect(dialogue.open == ["10.2.0.100:5001"])
        #expect(dialogue.statistics.unopened[.longLine] == (size > 4090 ? 1 : nil))
    }

    @Test func `an announcement in an overlong line opens nothing, and later ones open`() {
        var dialogue = Dialogue.ready(snat)
        let long = String(repeating: "x", count: 5000)
        dialogue.send(.client, "PASV\r\n")
        dialogue.send(.server, "227 " + long + " (10,2,0,2,19,137)\r\n")
        dialogue.send(.client, "PORT 10,1,0,2,19,137 " + long + "\r\n")
        #expect(dialogue.open.isEmpty)
        dialogue.send(.server, "500 x\r\n")
        dialogue.send(.client, "PASV\r\n")
        dialogue.send(.server, Self.passive)
        #expect(dialogue.open == ["10.2.0.2:5001"])
        #expect(dialogue.statistics.unopened == [.longLine: 1], "it is told once a connection")
    }

    // MARK: The first line (S3)

    static let headers: [[UInt8]] = [
        Array("PROXY TCP4 198.51.100.7 203.0.113.5 40000 21\r\n".utf8), Array("PROXY UNKNOWN\r\n".utf8),
        Array("PROXY TCP6 2001:db8::1 2001:db8::2 40000 21\r\n".utf8),
        [0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0, 12]
            + [198, 51, 100, 7, 203, 0, 113, 5, 0x9c, 0x40, 0, 21],
        [0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x20, 0, 0, 0],
        // With what load balancers put behind the addresses, a line end in it.
        [0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0, 17]
            + [198, 51, 100, 7, 203, 0, 113, 5, 0x9c, 0x40, 0, 21, 4, 0, 2, 0x0a, 0x0a],
    ]

    @Test(arguments: headers)
    func `a PROXY header before the first command is skipped in any segmentation`(header: [UInt8]) {
        for cut in 0...header.count {
            var dialogue = Self.fresh()
            dialogue.send(.server, "220 x\r\n")
            dialogue.transmit(dialogue.segment(.client, header[..<cut]))
            dialogue.transmit(dialogue.segment(.client, Array(header[cut...]) + Array("USER u\r\n".utf8)))
            dialogue.send(.server, "331 p\r\n")
            dialogue.send(.client, "PASS p\r\n")
            dialogue.send(.server, "230 ok\r\n")
            dialogue.send(.client, Self.port)
            #expect(dialogue.open == ["10.2.0.100:5001"], "cut at \(cut)")
            #expect(dialogue.refusals.isEmpty)
        }
    }

    @Test(arguments: headers)
    func `a PROXY header is read only once it is complete`(header: [UInt8]) {
        for cut in 0..<header.count {
            #expect(ProxyHeader.read(header.span.extracting(0..<cut)) == .incomplete)
        }
        guard case .header(let found) = ProxyHeader.read(header.span) else {
            Issue.record("there is no header")
            return
        }
        #expect(found.size == header.count)
    }

    @Test(arguments: [("X: y", true), ("\u{7f}: y", false), (": y", false), ("X y: z", false)])
    func `a header field before the login shows that the connection is not FTP`(line: String, isHeader: Bool)
    {
        var dialogue = Self.fresh()
        dialogue.send(.server, "220 x\r\n")
        dialogue.send(.client, "USER u\r\n")
        dialogue.send(.client, line + "\r\n")
        #expect(dialogue.refusals == (isHeader ? [.notFTP] : []))
    }

    @Test(arguments: [true, false])
    func `the client of a PROXY header may be announced where that is configured`(isBelieved: Bool) {
        var policy = Policy()
        policy.rules.trustsProxyHeader = isBelieved
        var dialogue = Dialogue(Self.plain, policy: policy)
        dialogue.send(.server, "220 x\r\n")
        dialogue.send(.client, "PROXY TCP4 198.51.100.7 203.0.113.5 40000 21\r\nUSER u\r\n")
        dialogue.send(.server, "230 ok\r\n")
        dialogue.send(.client, "PORT 198,51,100,8,19,137\r\n")
        #expect(dialogue.open.isEmpty)
        dialogue.send(.client, "PORT 198,51,100,7,19,137\r\n")
        #expect(dialogue.open == (isBelieved ? ["198.51.100.7:5001"] : []))
        #expect(
            dialogue.refusals == (isBelieved ? [.addressMismatch] : [.addressMismatch, .addressMismatch])
        )
    }

    @Test func `a second PROXY header, or one after a command, is not accepted`() {
        let header = "PROXY TCP4 198.51.100.7 203.0.113.5 40000 21\r\n"
        var dialogue = Self.fresh()
        dialogue.send(.client, header + header)
        #expect(dialogue.refusals == [.notFTP])
    }

    @Test func `TLS after a PROXY header is recognised`() {
        var dialogue = Self.fresh()
        dialogue.transmit(
            dialogue.segment(.client, Self.headers[3] + [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0])
        )
        #expect(dialogue.tracker.connections.first?.state == .encrypted)
    }

    @Test(arguments: [false, true])
    func `too much text of the server before its first reply makes the connection not FTP`(isOneLine: Bool) {
        var dialogue = Self.fresh()
        for _ in 0..<9 {
            dialogue.send(.server, String(repeating: "x", count: 500) + (isOneLine ? "" : "\r\n"))
        }
        #expect(dialogue.refusals == [.notFTP])
    }

    // MARK: Addresses (A3)

    static let farms: [(announced: String, mapping: Mapping, told: String)] = [
        ("10,2,0,3", plain, "10,2,0,3"), ("203,0,113,9", plain, "203,0,113,9"),
        ("0,0,0,0", plain, "10,2,0,2"),
        ("127,0,0,1", plain, "10,2,0,2"), ("169,254,1,1", plain, "10,2,0,2"),
        ("224,0,0,1", plain, "10,2,0,2"),
        ("255,255,255,255", plain, "10,2,0,2"), ("192,168,1,1", plain, "192,168,1,1"),
        ("192,168,1,1", open, "198,51,100,2"), ("172,31,255,255", open, "198,51,100,2"),
        ("172,32,0,1", open, "172,32,0,1"), ("100,64,0,1", open, "198,51,100,2"),
        ("100,128,0,1", open, "100,128,0,1"),
        ("198,51,100,3", open, "198,51,100,3"),
    ]
    /// A client that knows its server by a public address.
    private static let open = NATCase("public", "192.0.2.1", "198.51.100.2").mapping

    @Test(arguments: farms)
    func `a publicly reachable address in a reply is left alone, and the pinhole leads to the server`(
        announced: String,
        mapping: Mapping,
        told: String
    ) {
        var dialogue = Dialogue.ready(mapping)
        dialogue.send(.client, "PASV\r\n")
        let own = mapping.reply.source.address
        #expect(dialogue.send(.server, "227 (\(announced),19,137)\r\n") == "227 (\(told),19,137)\r\n")
        #expect(dialogue.open == ["\(own):5001"])
        let namings = dialogue.events.compactMap { event in
            if case .addressDecision(let decision) = event { decision } else { nil as AddressDecision? }
        }
        #expect(namings.map(\.announced.description) == ["\(announced.replacing(",", with: ".")):5001"])
        #expect(namings.map(\.isRewritten) == [told != announced])
    }

    @Test(arguments: NATCase.all.filter(\.isIPv6))
    func `a 227 on IPv6 without room for the address opens its port and keeps its text`(nat: NATCase) {
        var dialogue = Dialogue.ready(nat.mapping)
        let reply = "227 PASV ok (0,0,0,0,19,137)\r\n"
        for _ in 0..<2 {
            dialogue.send(.client, "PASV\r\n")
            #expect(dialogue.send(.server, reply) == reply)
            #expect(dialogue.open == [nat.passive("19,137", 5001).opens])
        }
        #expect(dialogue.refusals.isEmpty)
    }

    @Test func `a 227 on IPv6 has its port rewritten where NAT allocates another`() {
        let mapping = NATCase("IPv6 with DNAT", "fd01::2", "fd02::1", server: "fd02::2").mapping
        let client = Endpoint(address("fd01::2"), 40113)
        let other = Mapping(
            original: Tuple(source: client, destination: Endpoint(address("fd02::1"), 2121)),
            reply: Tuple(source: Endpoint(address("fd02::3"), 21), destination: client)
        )
        var first = Dialogue.ready(mapping)
        first.send(.client, "PASV\r\n")
        first.send(.server, "227 =0,0,0,0,19,137\r\n")
        var second = Dialogue(other, tracker: first.release())
        second.logIn()
        second.send(.client, "PASV\r\n")
        let told = second.send(.server, "227 =0,0,0,0,19,137\r\n")
        let ports = second.open.compactMap { $0.split(separator: ":").last.flatMap { UInt16($0) } }
        #expect(ports.count == 2)
        let lent = ports.first { $0 != 5001 } ?? 0
        #expect(told == "227 =0,0,0,0,\(lent >> 8),\(lent & 0xff)\r\n")
    }

    // MARK: Reports (S6)

    @Test func `a transfer without an announcement is reported once`() {
        var dialogue = Dialogue.ready(snat)
        for _ in 0..<3 {
            dialogue.send(.client, "RETR f\r\n")
            dialogue.send(.server, "425 no\r\n")
        }
        #expect(dialogue.statistics.unopened == [.unannounced: 1])
        var other = Dialogue.ready(snat)
        other.send(.client, Self.port + "RETR f\r\n")
        #expect(other.statistics.unopened.isEmpty)
    }

    // MARK: Transfers

    @Test(arguments: ["500 what?", "200 ok", "502 no", "503 no", "211 x"])
    func `a reply to another command during a transfer does not end the transfer`(answer: String) {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, Self.port + "RETR f\r\n")
        dialogue.send(.server, "200 ok\r\n150 x\r\n")
        dialogue.send(.client, "NOOP\r\n")
        dialogue.send(.server, answer + "\r\n226 done\r\n")
        let ends = dialogue.events.compactMap { event in
            if case .transfer(let summary) = event { summary } else { nil as TransferSummary? }
        }
        #expect(ends.map { String(decoding: $0.reply, as: UTF8.self) } == ["226 done"])
        #expect(ends.map(\.isComplete) == [true])
    }
}
