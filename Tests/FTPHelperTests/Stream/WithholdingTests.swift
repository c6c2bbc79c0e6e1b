// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// Fields that come in pieces (contract B3).
@Suite struct WithholdingTests {
    private static let longer = NATCase("longer", "1.2.3.4", "10.2.0.2", client: "10.200.100.100")
    private static let shorter = NATCase("shorter", "10.200.100.100", "10.2.0.2", client: "1.2.3.4")

    /// A connection on which the client has begun a PORT, all of it acknowledged; `10,1` is withheld.
    private static func withheld(_ begun: String = "PORT 10,1") -> Dialogue {
        var dialogue = Dialogue.ready(snat)
        #expect(dialogue.send(.client, begun) == "PORT ")
        dialogue.acknowledge(.server)
        return dialogue
    }

    @Test func `withheld bytes are acknowledged to their sender at once`() throws {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, "PORT 10,1")
        #expect(
            try dialogue.arrival(dialogue.segment(.server, flags: [.ack])).acknowledgement
                == dialogue.sent.client
        )
        // More of them are asked for by the byte before, and acknowledged as soon.
        for piece in [",", "0", ",2,19", ",1", "37", "\r"] {
            let packet = dialogue.segment(.client, piece.utf8)
            let arrival = try dialogue.arrival(packet)
            #expect(arrival.text == " ")
            #expect(arrival.segment.endOfPayload.value == dialogue.segment(.server).acknowledgement)
            #expect(
                try dialogue.arrival(dialogue.segment(.server, flags: [.ack])).acknowledgement
                    == dialogue.sent.client
            )
        }
        #expect(dialogue.send(.client, "\n") == "10,2,0,100,19,137\r\n")
        #expect(
            try dialogue.arrival(dialogue.segment(.server, flags: [.ack])).acknowledgement
                == dialogue.sent.client
        )
    }

    @Test func `bytes before the address field are never withheld`() {
        for (piece, goesOn) in [
            ("P", "P"), ("PORT", "PORT"), ("PORT ", "PORT "), ("PORT 1", "PORT "),
            ("NOOP\r\nPORT  10", "NOOP\r\nPORT  "),
            ("EPRT |", "EPRT "), ("LPRT 4", "LPRT "), ("RETR 10,1", "RETR 10,1"),
            ("PORTABLE 1", "PORTABLE 1"),
            ("PASV 10", "PASV 10"), ("10,1,0,2", "10,1,0,2"),
        ] {
            var dialogue = Dialogue.ready(snat)
            #expect(dialogue.send(.client, piece) == goesOn)
        }
    }

    @Test func `nothing is withheld if nothing has to be rewritten`() {
        var plain = Dialogue.ready(NATCase.all[0].mapping)
        #expect(plain.send(.client, "PORT 10,1") == "PORT 10,1")
        var destination = Dialogue.ready(NATCase.all[3].mapping)
        #expect(destination.send(.client, "PORT 10,1") == "PORT 10,1")
        #expect(destination.send(.server, "227 (10,2") == "227 (10,2", "nobody has asked")
        // Only while a reply is awaited may one be withheld.
        #expect(destination.send(.server, ",0,2,19,137)\r\n") == ",0,2,19,137)\r\n")
        destination.send(.client, ",0,2,19,137\r\nPASV\r\n")
        destination.send(.server, "200 ok\r\n")
        #expect(destination.send(.server, "227 (10,2") == "227 (")
        destination.acknowledge(.client)
        #expect(destination.send(.server, ",0,2,19,137)\r\n") == "203,0,113,5,19,137)\r\n")
        #expect(destination.refusals == [.unsolicited])
    }

    @Test func `a reply to any pending command is rewritten as a whole in any segmentation`() {
        // In an adopted session it is unknown which commands were answered before.
        let reply = Array("227 (10,2,0,2,19,137)\r\n".utf8)
        for cut in 1..<reply.count {
            var dialogue = Dialogue(NATCase.all[3].mapping, isAdopted: true)
            dialogue.send(.client, "EPSV\r\nPASV\r\n")
            dialogue.send(.server, String(decoding: reply[..<cut], as: UTF8.self))
            dialogue.acknowledge(.client)
            dialogue.send(.server, String(decoding: reply[cut...], as: UTF8.self))
            #expect(dialogue.received.client == "227 (203,0,113,5,19,137)\r\n")
            #expect(dialogue.open == ["203.0.113.5:5001"])
        }
    }

    @Test func `bytes that passed before the command came are not rewritten later`() {
        for (text, cut) in [("227 (10,2,0,2,19,137)\r\n", 9), ("227 ok 10,2,0,2,19,137\r\n", 22)] {
            let bytes = Array(text.utf8)
            for isEarly in [false, true] {
                var dialogue = Dialogue.ready(NATCase.all[3].mapping)
                let first = dialogue.segment(.server, bytes[..<cut])
                let second = dialogue.segment(.server, bytes[cut...], offset: cut)
                dialogue.transmit(isEarly ? second : first)
                var ask = dialogue.segment(.client, "PASV\r\n".utf8)
                ask.acknowledgement = first.sequence
                dialogue.transmit(ask)
                dialogue.transmit(isEarly ? first : second)
                #expect(dialogue.received.client.hasSuffix(text))
                #expect(dialogue.open.isEmpty)
                #expect(dialogue.refusals == [.unsolicited])
                #expect(dialogue.statistics.edits == 0)
            }
        }
    }

    @Test func `withheld bytes that need no edit go on unchanged`() {
        for (begun, rest, text) in [
            ("PORT 10,1", ",0,2,19,393\r\n", "10,1,0,2,19,393\r\n"), ("PORT 10,1", "x\r\n", "10,1x\r\n"),
            ("PORT 10,9", ",9,9,19,137\r\n", "10,9,9,9,19,137\r\n"),
            ("PORT 10,1", ",0,2,0,22\r\n", "10,1,0,2,0,22\r\n"),
            ("PORT 10,1", "\r\nPORT 10,1", "10,1\r\nPORT "), ("PORT 10,1", "\n", "10,1\n"),
        ] {
            var dialogue = Self.withheld(begun)
            #expect(dialogue.send(.client, rest) == text)
            #expect(dialogue.open.isEmpty)
            #expect(dialogue.refusals.count == 1)
        }
    }

    @Test func `no more is withheld than a command's address field can be long`() {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, "PORT ")
        var text = ""
        for _ in 0..<300 {
            dialogue.send(.client, "0")
            dialogue.acknowledge(.server)
            text += "0"
        }
        #expect(dialogue.received.server.hasSuffix("PORT " + text))
        #expect(dialogue.send(.client, "10,1,0,2,19,137\r\n") == "10,1,0,2,19,137\r\n")
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n") == "PORT 10,2,0,100,19,137\r\n")
    }

    @Test(arguments: [1, 300])
    func `no more is withheld than a reply's address field can be long`(segmentSize: Int) {
        let nat = NATCase.all[3]
        let passive = nat.transfers(5001).passive
        var dialogue = Dialogue.ready(nat.mapping)
        dialogue.send(.client, passive.command)
        #expect(dialogue.send(.server, "227 (") == "227 (")
        for _ in 0..<300 / segmentSize {
            dialogue.send(.server, String(repeating: "0", count: segmentSize))
            dialogue.acknowledge(.client)
        }
        let held = 300 - dialogue.received.client.reversed().prefix { $0 == "0" }.count
        #expect(held <= 256)
        #expect(held > 0 || segmentSize == 1, "a longer field passes, and the rest of its line with it")
        dialogue.send(.server, "x\r\n")
        #expect(dialogue.received.client.hasSuffix(String(repeating: "0", count: 300) + "x\r\n"))
        dialogue.send(.client, passive.command)
        #expect(dialogue.send(.server, passive.sent) == passive.read)
        #expect(dialogue.open == [passive.opens])
    }

    @Test func `retransmitted bytes that were withheld are withheld again`() throws {
        var dialogue = Self.withheld()
        let base = dialogue.sent.client &- 9
        for start in 0..<9 {
            for end in start + 1...9 {
                var packet = dialogue.segment(.client, Array("PORT 10,1".utf8)[start..<end])
                packet.sequence = base &+ UInt32(start)
                let arrival = try dialogue.arrival(packet)
                let place = Int(Int32(bitPattern: arrival.sequence &- base))
                #expect(place <= 5 && place + arrival.payload.count <= 5, "\(start)..<\(end)")
                #expect(
                    Array("PORT ".utf8)[place..<place + arrival.payload.count].elementsEqual(arrival.payload)
                )
            }
        }
    }

    @Test func `an acknowledgement never goes back behind an earlier one`() throws {
        var dialogue = Self.withheld()
        let told = dialogue.sent.client
        let arrival = try dialogue.arrival(dialogue.segment(.client, ",0,2,19,137\r\n".utf8))
        #expect(arrival.text == "10,2,0,100,19,137\r\n")
        // The server acknowledges less and less of the edit.
        for count in 0..<17 {
            var packet = dialogue.segment(.server, flags: [.ack])
            packet.acknowledgement = arrival.sequence &+ UInt32(count)
            #expect(dialogue.carry(packet)?.acknowledgement == told)
        }
    }

    // MARK: The peers meanwhile

    @Test func `a keep-alive stays one byte old while bytes are withheld`() throws {
        for begun in ["PORT 1", "PORT 10", "PORT 10,1,0"] {
            for rubbish in [[], [0]] as [[UInt8]] {
                var dialogue = Self.withheld(begun)
                let due = dialogue.segment(.server).acknowledgement
                let packet = dialogue.segment(.client, rubbish, offset: -1, flags: [.ack])
                let arrival = try dialogue.arrival(packet)
                #expect(arrival.sequence == due &- 1, "a server answers only what is old")
                #expect(arrival.text == (rubbish.isEmpty ? "" : " "))
                #expect(dialogue.statistics.conflicts == 0)
                // Its answer counts for all that came.
                #expect(
                    try dialogue.arrival(dialogue.segment(.server, flags: [.ack])).acknowledgement
                        == dialogue.sent.client
                )
            }
        }
    }

    @Test func `an acknowledgement of the client has the expected sequence number`() throws {
        var dialogue = Self.withheld()
        let due = dialogue.segment(.server).acknowledgement
        dialogue.send(.server, "200 hi\r\n")
        let arrival = try dialogue.arrival(dialogue.segment(.client, flags: [.ack]))
        #expect(arrival.sequence == due)
        let reset = try dialogue.arrival(dialogue.segment(.client, flags: [.rst, .ack]))
        #expect(reset.sequence == due)
    }

    @Test func `the server's lines pass while the client's bytes are withheld`() {
        var dialogue = Self.withheld()
        #expect(dialogue.send(.server, "421 timeout\r\n") == "421 timeout\r\n")
        #expect(dialogue.send(.client, ",0,2,19,137\r\n") == "10,2,0,100,19,137\r\n")
    }

    @Test func `bytes of both sides may be withheld at once`() {
        let nat = NATCase("both", "10.1.0.2", "203.0.113.5", client: "10.200.100.100", server: "10.2.0.2")
        var dialogue = Dialogue.ready(nat.mapping)
        dialogue.send(.client, "PASV\r\nPORT 10,1")
        #expect(dialogue.send(.server, "227 ok (10,2") == "227 ok (")
        #expect(dialogue.send(.client, ",0,2,19") == " ")
        #expect(dialogue.send(.server, ",0,2,19,138)\r\n") == "203,0,113,5,19,138)\r\n")
        #expect(dialogue.send(.client, ",137\r\n") == "10,200,100,100,19,137\r\n")
        #expect(dialogue.received.client.hasSuffix("227 ok (203,0,113,5,19,138)\r\n"))
        #expect(dialogue.received.server.hasSuffix("PASV\r\nPORT 10,200,100,100,19,137\r\n"))
    }

    // MARK: The end

    @Test func `a FIN releases withheld bytes`() throws {
        for text in ["", ",0,2,19,137"] {
            var dialogue = Self.withheld()
            let packet = dialogue.segment(.client, text.utf8, flags: [.ack, .fin])
            for _ in 0..<3 {
                // As often as it is sent.
                let arrival = try dialogue.arrival(packet)
                #expect(arrival.text == "10,1" + text)
                #expect(arrival.flags.contains(.fin))
                #expect(arrival.segment.endOfPayload.value == packet.sequence &+ UInt32(text.utf8.count))
            }
            #expect(dialogue.received.server.hasSuffix("PORT 10,1" + text))
            var answer = dialogue.segment(.server, flags: [.ack])
            answer.acknowledgement &+= 1
            #expect(dialogue.transmit(answer)?.acknowledgement == dialogue.sent.client)
        }
    }

    @Test func `a FIN that completes the line follows its edit`() throws {
        var dialogue = Self.withheld()
        let packet = dialogue.segment(.client, ",0,2,19,137\r\n".utf8, flags: [.ack, .fin])
        let arrival = try dialogue.arrival(packet)
        #expect(arrival.text == "10,2,0,100,19,137\r\n")
        #expect(arrival.flags == [.ack, .fin])
        #expect(dialogue.open == ["10.2.0.100:5001"])
    }

    @Test func `a connection that ends while bytes are withheld loses no bytes`() {
        var dialogue = Self.withheld()
        // Both FINs, with the client's half-line still open: the server's comes first.
        dialogue.send(.server, "221 bye\r\n", flags: [.ack, .fin])
        dialogue.send(.client, "", flags: [.ack, .fin])
        #expect(dialogue.received.server.hasSuffix("PORT 10,1"))
        #expect(dialogue.tracker.connections.isEmpty)
    }

    // MARK: Exhausted

    /// Every way to cut a line, chosen by the bits of a number.
    private static func pieces(_ line: [UInt8], cut mask: Int) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        for index in 1..<line.count where mask >> (index - 1) & 1 == 1 {
            pieces.append(line[start..<index])
            start = index
        }
        return pieces + [line[start...]]
    }

    /// The shortest addresses that do what a case does, for the shortest line there can be.
    private static func small(_ nat: NATCase) -> NATCase {
        nat.name == "longer"
            ? NATCase("", "1.1.1.1", "10.2.0.2", client: "1.1.1.10")
            : NATCase("", "1.1.1.10", "10.2.0.2", client: "1.1.1.1")
    }

    @Test(arguments: [longer, shorter])
    func `a PORT line is rewritten in any segmentation`(nat: NATCase) {
        let small = Self.small(nat)
        let active = small.transfers(1024).active
        let line = Array((active.sent.dropLast(1) + "\n").utf8)
        let read = String(active.read.dropLast(1)) + "\n"
        var dialogue = Dialogue.ready(small.mapping)
        _ = dialogue.takeReceived()
        // All ways to cut the argument, with the verb whole; then all to cut the verb, with the argument whole or in crumbs.
        let crumbs = (1 << (line.count - 1)) - 1
        let masks =
            (0..<1 << (line.count - 5)).map { $0 << 4 } + (0..<16).flatMap { [$0, $0 | crumbs & ~15] }
        for mask in masks {
            dialogue.now.nanoseconds += 1_000_000
            for piece in Self.pieces(line, cut: mask) { dialogue.transmit(dialogue.segment(.client, piece)) }
            dialogue.send(.server, "200 ok\r\n")
            dialogue.acknowledge(.client)
            guard dialogue.takeReceived().server == read, dialogue.open == [active.opens] else {
                Issue.record("cut as \(String(mask, radix: 2))")
                return
            }
        }
        #expect(dialogue.statistics.edits == UInt64(masks.count))
    }

    @Test(arguments: [longer, shorter])
    func `a reply's address field is rewritten in any segmentation, with each piece acknowledged`(
        nat: NATCase
    ) {
        let small = Self.small(nat)
        let active = small.transfers(1024).active
        let line = Array((active.sent.dropLast(1) + "\n").utf8)
        let read = String(active.read.dropLast(1)) + "\n"
        var dialogue = Dialogue.ready(small.mapping)
        _ = dialogue.takeReceived()
        for mask in 0..<1 << (line.count - 6) {
            dialogue.now.nanoseconds += 1_000_000
            for piece in Self.pieces(line, cut: mask << 5) {
                dialogue.transmit(dialogue.segment(.client, piece))
                let told = dialogue.acknowledge(.server)?.acknowledgement
                guard told == dialogue.sent.client else {
                    Issue.record("the client waits, cut as \(String(mask, radix: 2))")
                    return
                }
            }
            dialogue.send(.server, "200 ok\r\n")
            guard dialogue.takeReceived().server == read, dialogue.open == [active.opens] else {
                Issue.record("cut as \(String(mask, radix: 2))")
                return
            }
        }
    }
}
