// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// Sequence numbers, acknowledgements and SACK blocks around edits (contract B4).
@Suite struct TranslationTests {
    private static let longer = NATCase("longer", "1.2.3.4", "10.2.0.2", client: "10.200.100.100")
    private static let shorter = NATCase("shorter", "10.200.100.100", "10.2.0.2", client: "1.2.3.4")

    /// A text with two announcements in it, as it is sent and as it is read.
    private static func text(_ nat: NATCase) -> (sent: [UInt8], read: [UInt8]) {
        let one = nat.transfers(5001).active
        let three = nat.transfers(40000).active
        return (
            Array(("NOOP\r\n" + one.sent + "CWD x\r\n" + three.sent + "LIST\r\n").utf8),
            Array(("NOOP\r\n" + one.read + "CWD x\r\n" + three.read + "LIST\r\n").utf8)
        )
    }

    /// Where each position of the sent text is in the received text: its first and its last valid place.
    private static func map(_ nat: NATCase) -> [(first: Int, last: Int)] {
        let lines = [
            ("NOOP\r\n", "NOOP\r\n"), (nat.transfers(5001).active.sent, nat.transfers(5001).active.read),
            ("CWD x\r\n", "CWD x\r\n"), (nat.transfers(40000).active.sent, nat.transfers(40000).active.read),
            ("LIST\r\n", "LIST\r\n"),
        ]
        var map: [(Int, Int)] = []
        var start = 0
        for (sent, read) in lines {
            let sent = Array(sent.utf8)
            let read = Array(read.utf8)
            let isEdited = sent != read
            for index in sent.indices {
                if isEdited, index >= 5, index < sent.count - 2 {
                    map.append((start + 5, index == 5 ? start + 5 : start + read.count - 2))
                } else {
                    let place = index < 5 || !isEdited ? index : read.count - (sent.count - index)
                    map.append((start + place, start + place))
                }
            }
            start += read.count
        }
        map.append((start, start))
        return map
    }

    /// Whatever part of a text is sent again, at its place in the output stands what first stood there, and all of it.
    @Test(arguments: [longer, shorter])
    func `every retransmission of edited text yields the same edit`(nat: NATCase) throws {
        let (sent, read) = Self.text(nat)
        let map = Self.map(nat)
        for cut in 0..<sent.count {
            var dialogue = Dialogue.ready(nat.mapping)
            let base = dialogue.segment(.client).sequence
            for piece in [sent[..<cut], sent[cut...]] where !piece.isEmpty {
                dialogue.transmit(dialogue.segment(.client, piece))
                // The server's acknowledgements are all lost.
            }
            #expect(dialogue.received.server.hasSuffix(String(decoding: read, as: UTF8.self)))
            // Every part where it is sent in one piece, else those that begin or end near the cut.
            for start in 0..<sent.count where cut == 0 || abs(start - cut) < 6 || start % 9 == 0 {
                for end in start + 1...sent.count where cut == 0 || abs(end - cut) < 6 || end % 7 == 0 {
                    var packet = dialogue.segment(.client, sent[start..<end])
                    packet.sequence = base &+ UInt32(start)
                    let arrival = try dialogue.arrival(packet)
                    let place = Int(Int32(bitPattern: arrival.sequence &- base))
                    let range = place..<place + arrival.payload.count
                    // It may begin earlier, with all of an edit.
                    let isRight =
                        place >= 0 && range.upperBound <= read.count
                        && read[range].elementsEqual(arrival.payload)
                        && place <= map[start].last && range.upperBound >= map[end].first
                    #expect(
                        isRight,
                        "\(start)..<\(end) of a text cut at \(cut): \(arrival.text.debugDescription) at \(place)"
                    )
                    guard isRight else { return }
                }
            }
            #expect(dialogue.statistics.conflicts == 0)
            #expect(dialogue.statistics.edits == 2)
        }
    }

    @Test(arguments: [longer, shorter])
    func `every acknowledgement of edited text names a byte that was sent`(nat: NATCase) {
        let (sent, read) = Self.text(nat)
        let map = Self.map(nat)
        for count in 0...read.count {
            var dialogue = Dialogue.ready(nat.mapping)
            let base = dialogue.segment(.client).sequence
            dialogue.transmit(dialogue.segment(.client, sent))
            var packet = dialogue.segment(.server, flags: [.ack])
            packet.acknowledgement = base &+ UInt32(count)
            let told = Int(Int32(bitPattern: (dialogue.carry(packet)?.acknowledgement ?? 0) &- base))
            // All bytes that it covers have arrived, and all that arrived whole, outside of an edit, are covered.
            #expect(told >= 0 && told <= sent.count)
            let isWhole = map[told].first <= count
            #expect(isWhole, "\(count) became \(told)")
            let most = map.lastIndex { $0.first == $0.last && $0.last <= count } ?? 0
            #expect(told == most, "\(count) became \(told)")
            // It may be sent again, or cover less.
            #expect(dialogue.carry(packet)?.acknowledgement == base &+ UInt32(told))
        }
    }

    @Test func `edits on both sides shift the numbers of both directions`() throws {
        let nat = NATCase("both", "10.1.0.2", "203.0.113.5", client: "10.200.100.100", server: "10.2.0.2")
        var dialogue = Dialogue.ready(nat.mapping)
        var shifts = (client: 0, server: 0)
        for number in 0..<20 {
            let transfers = nat.transfers(5001 + number * 1000)
            #expect(dialogue.send(.client, transfers.active.sent) == transfers.active.read)
            shifts.client += transfers.active.read.utf8.count - transfers.active.sent.utf8.count
            dialogue.send(.server, "200 ok\r\n")
            dialogue.send(.client, "PASV\r\n")
            #expect(dialogue.send(.server, transfers.passive.sent) == transfers.passive.read)
            shifts.server += transfers.passive.read.utf8.count - transfers.passive.sent.utf8.count
            let sent = dialogue.sent
            let fromClient = try dialogue.arrival(dialogue.segment(.client, flags: [.ack]))
            #expect(fromClient.sequence == sent.client &+ UInt32(truncatingIfNeeded: shifts.client))
            #expect(fromClient.acknowledgement == sent.server)
            let fromServer = try dialogue.arrival(dialogue.segment(.server, flags: [.ack]))
            #expect(fromServer.sequence == sent.server &+ UInt32(truncatingIfNeeded: shifts.server))
            #expect(fromServer.acknowledgement == sent.client)
        }
        #expect(shifts.client > 0 && shifts.server > 0)
        #expect(dialogue.tracker.connections.first?.edits == 40)
    }

    @Test func `a thousand edits leave every number right`() throws {
        for nat in [Self.longer, Self.shorter] {
            // Numbers that wrap on the way.
            var dialogue = Dialogue(nat.mapping, initial: 0xffff_ff00)
            dialogue.logIn()
            var shift = 0
            for number in 0..<1000 {
                let active = nat.transfers(1024 + number * 60).active
                #expect(dialogue.send(.client, active.sent) == active.read)
                shift += active.read.utf8.count - active.sent.utf8.count
                let answer = try dialogue.arrival(dialogue.segment(.server, "200 ok\r\n".utf8))
                #expect(answer.acknowledgement == dialogue.sent.client)
            }
            let last = try dialogue.arrival(dialogue.segment(.client, flags: [.ack]))
            #expect(last.sequence == dialogue.sent.client &+ UInt32(truncatingIfNeeded: shift))
        }
    }

    // MARK: SACK

    /// The bytes of a SACK option with these blocks, padded in front.
    private static func sack(_ blocks: [(UInt32, UInt32)]) -> [UInt8] {
        var bytes: [UInt8] = [1, 1, 5, UInt8(2 + blocks.count * 8)]
        for (left, right) in blocks {
            for edge in [left, right] {
                for shift: UInt32 in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: edge >> shift)) }
            }
        }
        return bytes
    }

    @Test(arguments: [longer, shorter])
    func `a SACK block covers only bytes that have come`(nat: NATCase) {
        let (sent, read) = Self.text(nat)
        let map = Self.map(nat)
        var dialogue = Dialogue.ready(nat.mapping)
        let base = dialogue.segment(.client).sequence
        dialogue.transmit(dialogue.segment(.client, sent))
        for left in 0..<read.count {
            for right in left + 1...read.count {
                var packet = dialogue.segment(.server, flags: [.ack])
                packet.acknowledgement = base
                packet.options = Self.sack([(base &+ UInt32(left), base &+ UInt32(right))])
                guard let arrival = dialogue.carry(packet) else {
                    Issue.record("dropped")
                    return
                }
                guard let block = arrival.sackBlocks.first else {
                    // Nothing whole was in it.
                    let isEmpty = !map.indices.dropLast().contains { index in
                        map[index].first == map[index].last && map[index + 1].first == map[index].first + 1
                            && map[index].first >= left && map[index + 1].first <= right
                    }
                    #expect(isEmpty, "\(left)..<\(right) vanished")
                    #expect(arrival.bytes[40...].allSatisfy { $0 == 1 })
                    continue
                }
                let edges = block.map { Int(Int32(bitPattern: $0 &- base)) }
                guard edges[0] < edges[1], edges[0] >= 0, edges[1] <= sent.count else {
                    Issue.record("\(left)..<\(right) became \(edges)")
                    return
                }
                let isHonest = (edges[0]..<edges[1]).allSatisfy {
                    map[$0].first >= left && map[$0 + 1].first <= right
                }
                #expect(isHonest, "\(left)..<\(right) became \(edges)")
                guard isHonest else { return }
            }
        }
    }

    @Test func `empty SACK blocks are removed`() throws {
        var dialogue = Dialogue.ready(Self.longer.mapping)
        let base = dialogue.segment(.client).sequence
        dialogue.transmit(dialogue.segment(.client, Self.text(Self.longer).sent))
        var packet = dialogue.segment(.server, flags: [.ack])
        packet.acknowledgement = base
        // One inside the edit, one before it, one behind it.
        packet.options = Self.sack([
            (base &+ 13, base &+ 15), (base &+ 2, base &+ 5), (base &+ 38, base &+ 42),
        ])
        let arrival = try dialogue.arrival(packet)
        #expect(arrival.sackBlocks == [[base &+ 2, base &+ 5], [base &+ 31, base &+ 35]])
        // The option is as short as its blocks, and its place is filled.
        #expect(Array(arrival.bytes[40..<44]) == [1, 1, 5, 18])
        #expect(arrival.bytes[60...].allSatisfy { $0 == 1 })
    }

    @Test func `without an edit a SACK block passes unchanged`() throws {
        var dialogue = Dialogue.ready(Self.longer.mapping)
        dialogue.send(.client, "NOOP\r\n")
        var packet = dialogue.segment(.server, flags: [.ack])
        packet.options = Self.sack([(5, 3), (packet.acknowledgement, packet.acknowledgement)])
        #expect(try dialogue.arrival(packet).bytes == packet.bytes)
    }

    // MARK: Other segments

    @Test func `the urgent pointer names the same byte after an edit`() throws {
        for (text, pointer, moved) in [
            ("PORT 1,2,3,4,19,137\r\nABOR\r\n", 23, 30), ("NOOP\r\n", 3, 3),
            ("PORT 1,2,3,4,19,137\r\n", 4, 4),
        ] as [(String, UInt16, UInt16)] {
            var dialogue = Dialogue.ready(Self.longer.mapping)
            var packet = dialogue.segment(.client, text.utf8, flags: [.ack, .psh, .urg])
            packet.urgentPointer = pointer
            let arrival = try dialogue.arrival(packet)
            #expect(arrival.flags.contains(.urg))
            #expect(arrival.segment.urgentPointer == moved)
        }
    }

    @Test func `an ABOR with Telnet signals and urgent data is an ABOR`() throws {
        var dialogue = Dialogue.ready(Self.longer.mapping)
        dialogue.send(.client, "PORT 1,2,3,4,19,137\r\n")
        dialogue.send(.server, "200 ok\r\n")
        dialogue.send(.client, "RETR f\r\n")
        dialogue.send(.server, "150 here\r\n")
        var signal = dialogue.segment(.client, [0xff, 0xf4, 0xff] as [UInt8], flags: [.ack, .psh, .urg])
        signal.urgentPointer = 3
        let arrival = try dialogue.arrival(signal)
        #expect(Array(arrival.payload) == [0xff, 0xf4, 0xff])
        #expect(arrival.segment.urgentPointer == 3)
        #expect(arrival.sequence == signal.sequence &+ 7)
        dialogue.transmit(dialogue.segment(.client, [0xf2] + "ABOR\r\n".utf8))
        // It is answered once: later replies match their commands.
        dialogue.send(.server, "226 aborted\r\n")
        dialogue.send(.client, "PASV\r\n")
        dialogue.send(.server, "227 (10,2,0,2,19,137)\r\n")
        #expect(dialogue.open == ["10.2.0.2:5001"])
        #expect(dialogue.send(.client, "PORT 1,2,3,4,19,138\r\n") == "PORT 10,200,100,100,19,138\r\n")
    }

    @Test func `a keep-alive stays one byte old after an edit`() throws {
        for rubbish in [[], [0]] as [[UInt8]] {
            var dialogue = Dialogue.ready(Self.longer.mapping)
            dialogue.send(.client, "PORT 1,2,3,4,19,137\r\n")
            dialogue.send(.server, "200 ok\r\n")
            let packet = dialogue.segment(.client, rubbish, offset: -1, flags: [.ack])
            let arrival = try dialogue.arrival(packet)
            #expect(arrival.sequence == packet.sequence &+ 7)
            #expect(Array(arrival.payload) == rubbish)
            #expect(dialogue.statistics.conflicts == 0)
            #expect(dialogue.send(.client, "PORT 1,2,3,4,19,138\r\n") == "PORT 10,200,100,100,19,138\r\n")
            // The server's too.
            let answer = dialogue.segment(.server, rubbish, offset: -1, flags: [.ack])
            #expect(try dialogue.arrival(answer).sequence == answer.sequence)
        }
    }

    @Test func `a zero-window probe has the first byte of the next segment`() throws {
        var dialogue = Dialogue.ready(Self.longer.mapping)
        let text = Array("PORT 1,2,3,4,19,137\r\n".utf8)
        for count in 1..<text.count {
            // The server accepts none of it, so it comes again.
            let packet = dialogue.segment(.client, text[..<count])
            var next = packet
            next.payload = text
            dialogue.carry(packet)
            var refusal = dialogue.segment(.server, flags: [.ack])
            refusal.acknowledgement = dialogue.received.server.isEmpty ? 0 : refusal.acknowledgement
            dialogue.carry(refusal)
            #expect(dialogue.transmit(next)?.text == "PORT 10,200,100,100,19,137\r\n", "\(count)")
            dialogue.send(.server, "200 ok\r\n")
        }
        #expect(dialogue.statistics.conflicts == 0)
    }

    @Test func `an RST has the expected sequence number after an edit`() throws {
        var dialogue = Dialogue.ready(Self.longer.mapping)
        dialogue.send(.client, "PORT 1,2,3,4,19,137\r\n")
        var reset = dialogue.segment(.client, flags: [.rst])
        reset.acknowledgement = 0
        let arrival = try dialogue.arrival(reset)
        #expect(arrival.sequence == reset.sequence &+ 7)
        #expect(arrival.acknowledgement == 0, "without ACK there is none")
    }

    @Test func `a FIN follows an edit in the same segment`() throws {
        var dialogue = Dialogue.ready(Self.longer.mapping)
        let packet = dialogue.segment(.client, "PORT 1,2,3,4,19,137\r\n".utf8, flags: [.ack, .fin])
        let arrival = try dialogue.arrival(packet)
        #expect(arrival.text == "PORT 10,200,100,100,19,137\r\n")
        #expect(arrival.flags == [.ack, .fin])
        var answer = dialogue.segment(.server, flags: [.ack])
        answer.acknowledgement = arrival.segment.endOfPayload.value &+ 1
        #expect(dialogue.carry(answer)?.acknowledgement == packet.sequence &+ 22)
    }

    // MARK: Size

    @Test(arguments: [1460, 1400, 536, 600])
    func `a packet grows beyond neither its original size nor the minimum MTU`(size: Int) throws {
        let nat = Self.longer
        var dialogue = Dialogue.ready(nat.mapping)
        let line = "PORT 1,2,3,4,19,137\r\n"
        let text = Array(String(repeating: line, count: size / line.utf8.count).utf8)
        let text2 = text + [UInt8](repeating: UInt8(ascii: "x"), count: size - text.count - 2) + [13, 10]
        let read = String(decoding: text2, as: UTF8.self).replacing("1,2,3,4", with: "10,200,100,100")
        let first = dialogue.segment(.client, text2, flags: [.ack, .psh, .fin])
        var acknowledged = 0
        var rounds = 0
        while acknowledged < text2.count + 1, rounds < 100 {
            rounds += 1
            var packet = first
            packet.sequence = first.sequence &+ UInt32(acknowledged)
            packet.payload = Array(text2[min(acknowledged, text2.count)...])
            let arrival = try dialogue.arrival(packet)
            #expect(arrival.bytes.count <= max(packet.bytes.count, 576))
            // Bytes that do not fit are not sent, nor a FIN after them.
            let isAll = dialogue.received.server.hasSuffix(read)
            #expect(arrival.flags.contains(.fin) == isAll)
            var answer = dialogue.segment(.server, flags: [.ack])
            if isAll { answer.acknowledgement &+= 1 }
            let told = dialogue.carry(answer)?.acknowledgement ?? 0
            let count = Int(Int32(bitPattern: told &- first.sequence))
            #expect(count > acknowledged, "no headway")
            guard count > acknowledged else { return }
            acknowledged = count
        }
        #expect(dialogue.received.server.hasSuffix(read))
        #expect(dialogue.statistics.conflicts == 0)
    }

    @Test func `a small IPv6 packet may grow to the minimum MTU`() throws {
        let nat = NATCase.all[6]
        var dialogue = Dialogue.ready(nat.mapping)
        let active = nat.transfers(5001).active
        let filler = String(repeating: "x", count: 1200 - active.sent.utf8.count - 2) + "\r\n"
        let arrival = try dialogue.arrival(dialogue.segment(.client, (active.sent + filler).utf8))
        #expect(arrival.bytes.count <= 1280)
        #expect(arrival.text == active.read + filler)
    }

    @Test func `padding after a packet is dropped when it is rewritten`() {
        var dialogue = Dialogue.ready(Self.shorter.mapping)
        let active = Self.shorter.transfers(5001).active
        let bytes = dialogue.segment(.client, active.sent.utf8).bytes + [0, 0, 0]
        let verdict = dialogue.perform { tracker, now, output in
            tracker.receive(bytes.span, at: now, into: &output)
        }
        #expect(verdict == .replace)
        #expect(Arrival(dialogue.output.packet)?.text == active.read)
    }

    @Test func `a packet with a wrong checksum keeps a wrong checksum`() {
        var dialogue = Dialogue.ready(Self.longer.mapping)
        var bytes = dialogue.segment(.client, Self.longer.transfers(5001).active.sent.utf8).bytes
        bytes[36] ^= 0x40
        let verdict = dialogue.perform { tracker, now, output in
            tracker.receive(bytes.span, at: now, into: &output)
        }
        #expect(verdict == .replace)
        #expect(!hasRightChecksums(dialogue.output.packet))
    }
}
