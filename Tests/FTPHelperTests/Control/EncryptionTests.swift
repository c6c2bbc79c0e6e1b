// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// TLS on a control connection under NAT: not a byte of it changes, and plain FTP is found again behind it.
@Suite struct EncryptionTests {
    private static let port = "PORT 10,1,0,2,19,137\r\n"
    private static let hello = TLSRecordsTests.record(22, version: 1, [1, 0, 0, 2, 3, 3, 10, 13, 10])

    /// Sends bytes one way and expects them to arrive as they are.
    private static func pass(
        _ dialogue: inout Dialogue,
        _ side: Session.Side,
        _ bytes: [UInt8],
        _ location: SourceLocation = #_sourceLocation
    ) {
        let arrival = dialogue.transmit(dialogue.segment(side, bytes))
        #expect(arrival.map { Array($0.payload) } == bytes, sourceLocation: location)
    }

    private static func state(_ dialogue: borrowing Dialogue) -> ConnectionSummary.State? {
        dialogue.tracker.connections.first?.state
    }

    /// A connection on which TLS has been agreed upon and is under way.
    private static func encrypted(answer: String = "234 go on\r\n", inLogin: Bool = true) -> Dialogue {
        var dialogue = Dialogue(snat)
        if inLogin { dialogue.send(.server, "220 ready\r\n") } else { dialogue.logIn() }
        dialogue.send(.client, "AUTH TLS\r\n")
        dialogue.send(.server, answer)
        #expect(state(dialogue) == .encrypted)
        pass(&dialogue, .client, hello)
        pass(&dialogue, .server, hello)
        pass(&dialogue, .client, TLSRecordsTests.record(Array(port.utf8)))
        pass(&dialogue, .server, TLSRecordsTests.record(Array("227 (10,2,0,2,19,137)\r\n".utf8)))
        return dialogue
    }

    @Test(arguments: ["234 go on\r\n", "334 go on\r\n", "234-go\r\n234 on\r\n"])
    func `after a granted AUTH nothing is read`(answer: String) {
        let dialogue = Self.encrypted(answer: answer)
        #expect(Self.state(dialogue) == .encrypted)
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.refusals.isEmpty)
        #expect(dialogue.events.count { if case .encrypted = $0 { true } else { false } } == 1)
    }

    @Test(arguments: ["534 no\r\n", "504 no\r\n", "431 later\r\n", "235 done\r\n", "200 ok\r\n"])
    func `after a refused AUTH lines are read as before`(answer: String) {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, "AUTH TLS\r\n")
        dialogue.send(.server, answer)
        #expect(Self.state(dialogue) == .ready)
        #expect(dialogue.send(.client, Self.port) == "PORT 10,2,0,100,19,137\r\n")
    }

    @Test func `a 234 that answers no AUTH grants nothing`() {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, "NOOP\r\n")
        dialogue.send(.server, "234 go on\r\n")
        #expect(Self.state(dialogue) == .ready)
    }

    @Test func `TLS from the first byte is recognised in any segmentation`() {
        for cut in 1..<Self.hello.count {
            var dialogue = Dialogue(snat)
            Self.pass(&dialogue, .client, Array(Self.hello[..<cut]))
            Self.pass(&dialogue, .client, Array(Self.hello[cut...]))
            #expect(Self.state(dialogue) == .encrypted, "\(cut)")
            Self.pass(&dialogue, .server, Self.hello)
            Self.pass(&dialogue, .client, TLSRecordsTests.record(Array(Self.port.utf8)))
            #expect(dialogue.refusals.isEmpty)
        }
    }

    @Test func `plain lines of both sides are read again, and the session is logged in`() {
        var dialogue = Self.encrypted()
        Self.pass(&dialogue, .client, TLSRecordsTests.record(21, [1, 0]))
        Self.pass(&dialogue, .server, TLSRecordsTests.record(21, [1, 0]))
        #expect(dialogue.send(.client, "PASV\r\n") == "PASV\r\n")
        #expect(Self.state(dialogue) == .encrypted)
        dialogue.send(.server, "227 ok (10,2,0,2,19,137)\r\n")
        #expect(Self.state(dialogue) == .ready)
        #expect(dialogue.open == ["10.2.0.2:5001"])
        dialogue.send(.client, "TYPE I\r\n")
        dialogue.send(.server, "200 ok\r\n")
        #expect(dialogue.send(.client, Self.port) == "PORT 10,2,0,100,19,137\r\n")
        #expect(dialogue.open == ["10.2.0.100:5001"])
        #expect(dialogue.refusals.isEmpty)
    }

    @Test func `plain lines after a record in the same segment are read`() {
        var dialogue = Self.encrypted()
        Self.pass(&dialogue, .server, TLSRecordsTests.record(Array("200 ok\r\n".utf8)) + "200 plain\r\n".utf8)
        let packet = dialogue.segment(.client, TLSRecordsTests.record(21, [1, 0]) + Self.port.utf8)
        let arrival = dialogue.transmit(packet)
        #expect(arrival.map { $0.text.hasSuffix("PORT 10,2,0,100,19,137\r\n") } == true)
    }

    @Test func `plain text of one side alone is not read`() {
        var dialogue = Self.encrypted()
        #expect(dialogue.send(.client, Self.port) == Self.port)
        #expect(dialogue.send(.client, "NOOP\r\n") == "NOOP\r\n")
        #expect(dialogue.open.isEmpty)
        var other = Self.encrypted()
        #expect(
            other.send(.server, "220 hello\r\n227 (10,2,0,2,19,137)\r\n")
                == "220 hello\r\n227 (10,2,0,2,19,137)\r\n"
        )
        Self.pass(&other, .client, TLSRecordsTests.record(Array(Self.port.utf8)))
        #expect(other.open.isEmpty)
        #expect(other.refusals.isEmpty)
    }

    @Test func `a TLS handshake that never began is no login`() {
        var dialogue = Dialogue(snat)
        dialogue.send(.server, "220 ready\r\n")
        dialogue.send(.client, "AUTH TLS\r\n")
        dialogue.send(.server, "234 go on\r\n")
        dialogue.send(.client, "NOOP\r\n")
        dialogue.send(.server, "200 ok\r\n")
        #expect(dialogue.send(.client, Self.port) == Self.port)
        #expect(dialogue.refusals == [.notLoggedIn])
        dialogue.send(.server, "530 no\r\n")
        dialogue.send(.client, "USER x\r\n")
        dialogue.send(.server, "230 ok\r\n")
        #expect(dialogue.send(.client, Self.port) == "PORT 10,2,0,100,19,137\r\n")
    }

    /// What the two sides say where TLS was granted, and nothing that only who has shaken hands can say.
    static let failures: [(name: String, said: [(Session.Side, [UInt8])])] = [
        ("alerts", [(.client, alert), (.server, alert)]),
        ("hellos, and an alert", [(.client, hello), (.server, hello), (.server, alert)]),
        ("half a record", [(.client, hello + data[..<9]), (.server, hello + data)]),
        (
            "records without a handshake",
            [(.client, data), (.server, data), (.client, data), (.server, data)]
        ),
        (
            "an encrypted alert",
            [
                (.client, hello), (.server, hello), (.client, data),
                (.server, TLSRecordsTests.record(.init(repeating: 1, count: 19))),
            ]
        ),
        (
            "the server's part of TLS 1.3",
            [
                (.client, hello), (.client, data),
                (.server, TLSRecordsTests.choice() + data + data + data + TLSRecordsTests.record([1, 2])),
            ]
        ),
    ]
    private static let alert = TLSRecordsTests.record(21, [2, 40])
    private static let data = TLSRecordsTests.record(.init(repeating: 9, count: 40))

    @Test(arguments: failures)
    func `a failed TLS handshake is no login`(failure: (name: String, said: [(Session.Side, [UInt8])])) {
        // A length for each record, so that none is in the middle of one.
        for passive in [false, true] {
            var dialogue = Dialogue(snat)
            dialogue.send(.server, "220 ready\r\n")
            dialogue.send(.client, "AUTH TLS\r\n")
            dialogue.send(.server, "234 go on\r\n")
            for (side, bytes) in failure.said { Self.pass(&dialogue, side, bytes) }
            if failure.name == "half a record" { Self.pass(&dialogue, .client, Array(Self.data[9...])) }
            Self.pass(&dialogue, .client, Array("NOOP\r\n".utf8))
            Self.pass(&dialogue, .server, Array("200 ok\r\n".utf8))
            if passive {
                dialogue.send(.client, "PASV\r\n")
                dialogue.send(.server, "227 ok (10,2,0,2,19,137)\r\n")
            } else {
                #expect(dialogue.send(.client, Self.port) == Self.port)
            }
            #expect(dialogue.open.isEmpty, "\(failure.name)")
            #expect(dialogue.refusals == [.notLoggedIn], "\(failure.name)")
        }
    }

    @Test func `TLS can be negotiated again`() {
        var dialogue = Self.encrypted()
        dialogue.send(.client, "NOOP\r\n")
        dialogue.send(.server, "200 ok\r\n")
        dialogue.send(.client, "AUTH SSL\r\n")
        dialogue.send(.server, "234 go on\r\n")
        #expect(Self.state(dialogue) == .encrypted)
        Self.pass(&dialogue, .client, Self.hello)
        Self.pass(&dialogue, .client, TLSRecordsTests.record(Array(Self.port.utf8)))
        #expect(dialogue.open.isEmpty)
    }

    @Test func `an edit before TLS shifts the numbers of the TLS records`() {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, Self.port)
        dialogue.send(.server, "200 ok\r\n")
        dialogue.send(.client, "AUTH TLS\r\n")
        dialogue.send(.server, "234 go on\r\n")
        let record = TLSRecordsTests.record(.init(repeating: 10, count: 500))
        let arrival = dialogue.transmit(dialogue.segment(.client, record))
        #expect(arrival.map { Array($0.payload) } == record)
        #expect(dialogue.received.server.hasSuffix("AUTH TLS\r\n" + String(decoding: record, as: UTF8.self)))
        #expect(dialogue.open == ["10.2.0.100:5001"])
    }
}
