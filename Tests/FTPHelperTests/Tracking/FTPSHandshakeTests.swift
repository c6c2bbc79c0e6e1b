// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper
import Testing

/// Which handshakes count as TLS, and so let something open for a session.
@Suite struct FTPSHandshakeTests {
    private static let (hello, data) = (FTPSTests.hello, FTPSTests.data)

    /// What the two sides say, in turn, and never both in TLS.
    static let pretenders: [(name: String, said: [(Session.Side, [UInt8])])] = [
        ("AUTH alone", [(.client, Array("AUTH TLS\r\n".utf8))]),
        (
            "a refused AUTH",
            [(.client, Array("AUTH TLS\r\n".utf8)), (.server, Array("534 no\r\n".utf8))] + handshake
        ),
        ("a granted AUTH, and silence", granted),
        ("a client that goes on in plain text", granted + [(.client, Array("USER x\r\n".utf8))] + answer),
        (
            "a server that goes on in plain text",
            granted + [(.client, hello), (.server, Array("220 x\r\n".utf8))] + handshake
        ),
        (
            "a handshake that the server ends",
            granted + [(.client, hello), (.client, data), (.server, alert)]
        ),
        ("a handshake in which nothing is said", granted + [(.client, hello), (.server, hello)]),
        (
            "data without a handshake",
            granted + [(.client, data), (.server, data), (.client, data), (.server, data)]
        ),
        ("TLS that nobody asked for", handshake),
        (
            "the header of a record, before the server's part of a handshake of TLS 1.3",
            granted + [(.client, hello), (.client, [0x17, 3, 3, 0x40, 0]), (.server, flight)]
        ),
        (
            "a record that the server does not get, before its part of a handshake of TLS 1.3",
            granted + [(.client, hello), (.client, data), (.server, flight)]
        ),
        (
            "the server's part of a handshake of TLS 1.3, bit by bit, as the client has room for it",
            granted + [(.client, hello)] + bitByBit
        ),
        (
            "a client that the server has refused in the end",
            granted + [
                (.client, hello), (.server, flight), (.client, data),
                (.server, TLSRecordsTests.record(.init(repeating: 1, count: 19))),
            ]
        ),
        (
            "a header without what belongs to it",
            granted + [
                (.client, hello), (.server, hello), (.client, [0x17, 3, 3, 0x40, 0]), (.server, data),
            ]
        ),
        (
            "a header of the server without what belongs to it",
            granted + [
                (.client, hello), (.server, hello), (.client, data), (.server, [0x17, 3, 3, 0x40, 0]),
            ]
        ),
        (
            "data of the server before that of the client",
            granted + [(.client, hello), (.server, hello + data), (.client, data)]
        ),
    ]

    /// What a server says before its client has finished the handshake: ServerHello, ChangeCipherSpec, and four more in TLS 1.3.
    private static let flight = flightRecords.flatMap(\.self)
    private static let flightRecords =
        [TLSRecordsTests.choice(), TLSRecordsTests.record(20, [1])]
        + [23, 837, 281, 53].map { TLSRecordsTests.record(.init(repeating: 1, count: $0)) }
    private static let bitByBit = flightRecords.flatMap { record in
        [
            (Session.Side.server, Array(record[..<4])), (.client, data), (.server, Array(record[4...])),
            (.client, data),
        ]
    }
    private static let granted: [(Session.Side, [UInt8])] = [
        (.client, Array("AUTH TLS\r\n".utf8)), (.server, Array("234 go on\r\n".utf8)),
    ]
    private static let handshake: [(Session.Side, [UInt8])] = [
        (.client, hello), (.server, hello), (.client, data), (.server, data), (.client, data),
    ]
    private static let answer: [(Session.Side, [UInt8])] = [
        (.server, hello), (.server, data), (.client, hello), (.client, data), (.server, data),
    ]
    private static let alert = TLSRecordsTests.record(21, [2, 40])

    @Test(arguments: pretenders.indices)
    func `malformed TLS opens nothing`(index: Int) throws {
        let (name, said) = Self.pretenders[index]
        var dialogue = Dialogue(FTPSTests.direct, policy: try FTPSTests.policy())
        dialogue.send(.server, "220 ready\r\n")
        for (side, bytes) in said { dialogue.transmit(dialogue.segment(side, bytes)) }
        #expect(dialogue.open.isEmpty, "\(name)")
        #expect(FTPSTests.open(&dialogue, FTPSTests.syn()) == nil, "\(name)")
    }

    @Test func `each side may send its records in any pieces`() throws {
        for cut in 1..<Self.hello.count + Self.data.count {
            var dialogue = FTPSTests.granted(try FTPSTests.policy())
            for side in [Session.Side.client, .server] {
                let bytes = Self.hello + Self.data
                dialogue.transmit(dialogue.segment(side, bytes[..<cut]))
                dialogue.transmit(dialogue.segment(side, bytes[cut...]))
            }
            #expect(dialogue.open.count == 1, "\(cut)")
        }
    }

    @Test(arguments: [(21, false), (990, true), (989, false)] as [(UInt16, Bool)])
    func `implicit TLS counts only on its configured ports`(port: UInt16, opens: Bool) throws {
        var policy = try FTPSTests.policy()
        policy.implicitTLSPorts = [990]
        var mapping = FTPSTests.direct
        mapping.original.destination.port = port
        mapping.reply.source.port = port
        var dialogue = Dialogue(mapping, policy: policy)
        FTPSTests.shakeHands(&dialogue)
        #expect(dialogue.open.count == (opens ? 1 : 0))
        #expect((FTPSTests.open(&dialogue, FTPSTests.syn()) != nil) == opens)
    }

    @Test func `malformed implicit TLS opens nothing, and data after the handshake does`() throws {
        var policy = try FTPSTests.policy()
        policy.implicitTLSPorts = [21]
        for said in [[(.client, [0x17, 3, 3, 0x40, 0])], [(.client, Self.data)]]
            as [[(Session.Side, [UInt8])]]
        {
            var dialogue = Dialogue(FTPSTests.direct, policy: policy)
            dialogue.transmit(dialogue.segment(.client, Self.hello))
            for (side, bytes) in said + [(.server, Self.flight)] {
                dialogue.transmit(dialogue.segment(side, bytes))
            }
            #expect(dialogue.open.isEmpty)
        }
        var dialogue = Dialogue(FTPSTests.direct, policy: policy)
        for (side, bytes) in [(.client, Self.hello), (.server, Self.flight), (.client, Self.data)]
            as [(Session.Side, [UInt8])]
        {
            dialogue.transmit(dialogue.segment(side, bytes))
        }
        // Two tickets and the greeting.
        for length in [250, 250, 40] {
            #expect(dialogue.open.isEmpty)
            let record = TLSRecordsTests.record(.init(repeating: 1, count: length))
            dialogue.transmit(dialogue.segment(.server, record))
        }
        #expect(dialogue.open.count == 1)
    }

    @Test func `implicit TLS needs a server that speaks TLS from the first byte`() throws {
        var policy = try FTPSTests.policy()
        policy.implicitTLSPorts = [21]
        var dialogue = Dialogue(FTPSTests.direct, policy: policy)
        dialogue.send(.server, "220 ready\r\n")
        FTPSTests.shakeHands(&dialogue)
        #expect(dialogue.open.isEmpty)
    }
}
