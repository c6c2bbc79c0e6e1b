// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// Segments in any order, twice, overlapping, lying and missing (contract B1 and B2).
@Suite struct OrderTests {
    private static let plain = NATCase.all[0].mapping
    private static let port = "PORT 10,1,0,2,19,137\r\n"

    /// All orders of `count` things.
    private static func orders(_ count: Int) -> [[Int]] {
        guard count > 0 else { return [[]] }
        return orders(count - 1).flatMap { order in
            (0..<count).map { place in Array(order[..<place]) + [count - 1] + order[place...] }
        }
    }

    /// A text cut into pieces, each with its offset.
    private static func pieces(_ text: String, cuts: [Int]) -> [(offset: Int, text: String)] {
        let bytes = Array(text.utf8)
        return zip([0] + cuts, cuts + [bytes.count]).map {
            ($0, String(decoding: bytes[$0..<$1], as: UTF8.self))
        }
    }

    @Test func `without NAT segments pass in any order, and lines are read in sequence`() throws {
        let text = "TYPE I\r\n" + Self.port + "NOOP\r\nPORT 10,1,0,2,19,138\r\nLIST\r\n"
        let pieces = Self.pieces(text, cuts: [4, 11, 25, 40, 60])
        for order in Self.orders(pieces.count) {
            var dialogue = Dialogue.ready(Self.plain)
            let first = dialogue.segment(.client).sequence
            for index in order {
                var packet = dialogue.segment(.client, pieces[index].text.utf8)
                packet.sequence = first &+ UInt32(pieces[index].offset)
                let arrival = try dialogue.arrival(packet)
                #expect(arrival.bytes == packet.bytes)
            }
            #expect(dialogue.received.server.hasSuffix(text))
            #expect(dialogue.open == ["10.1.0.2:5002"], "\(order)")
            // One, if the same segment lets both be read.
            #expect((1...2).contains(dialogue.statistics.expectationsOpened))
            #expect(dialogue.statistics.conflicts == 0)
        }
    }

    @Test func `with NAT a segment after a gap must be retransmitted`() throws {
        let text = "TYPE I\r\n" + Self.port + "LIST\r\n"
        let pieces = Self.pieces(text, cuts: [3, 10, 20, 32])
        for order in Self.orders(pieces.count) {
            var dialogue = Dialogue.ready(snat)
            let first = dialogue.segment(.client).sequence
            var next = 0
            // As often as it takes.
            for _ in pieces {
                for index in order where index >= next {
                    var packet = dialogue.segment(.client, pieces[index].text.utf8)
                    packet.sequence = first &+ UInt32(pieces[index].offset)
                    let isDue = index == next
                    #expect((dialogue.transmit(packet)?.text.isEmpty == false) == isDue)
                    if isDue { next += 1 }
                    dialogue.acknowledge(.server)
                }
            }
            #expect(
                dialogue.received.server.hasSuffix("TYPE I\r\nPORT 10,2,0,100,19,137\r\nLIST\r\n"),
                "\(order)"
            )
            #expect(dialogue.open == ["10.2.0.100:5001"])
        }
    }

    @Test func `bytes that are sent many times are read once`() throws {
        for mapping in [Self.plain, snat] {
            var dialogue = Dialogue.ready(mapping)
            let packet = dialogue.segment(.client, Self.port.utf8)
            let first = try dialogue.arrival(packet)
            for _ in 0..<5 {
                let again = try dialogue.arrival(packet)
                #expect(again.bytes == first.bytes)
            }
            #expect(dialogue.statistics.expectationsOpened == 1)
            #expect(dialogue.statistics.conflicts == 0)
        }
    }

    // MARK: Two copies of a byte

    @Test func `of two different copies of a byte the first goes on, and a conflict is counted`() throws {
        for (mapping, text) in [(Self.plain, Self.port), (snat, "PORT 10,2,0,100,19,137\r\n")] {
            var dialogue = Dialogue.ready(mapping)
            let packet = dialogue.segment(.client, Self.port.utf8)
            dialogue.transmit(packet)
            let open = dialogue.open
            var liar = packet
            liar.payload = Array("PORT 10,1,0,2,19,138\r\n".utf8)
            #expect(try dialogue.arrival(liar).text == text)
            #expect(dialogue.statistics.conflicts == 1)
            // The same, with something new behind it.
            liar.payload = Array("PORT 10,1,0,2,19,139\r\nLIST\r\n".utf8)
            #expect(try dialogue.arrival(liar).text == text + "LIST\r\n")
            #expect(dialogue.statistics.conflicts == 2)
            // And the honest one, cut otherwise.
            liar.payload = Array((Self.port + "LIST\r\nNOOP\r\n").utf8)
            #expect(try dialogue.arrival(liar).text == text + "LIST\r\nNOOP\r\n")
            #expect(dialogue.statistics.conflicts == 2)
            #expect(dialogue.open == open)
            #expect(dialogue.statistics.expectationsOpened == 1)
        }
    }

    @Test func `an acknowledged byte is not compared again`() throws {
        var dialogue = Dialogue.ready(Self.plain)
        let packet = dialogue.segment(.client, Self.port.utf8)
        dialogue.transmit(packet)
        dialogue.acknowledge(.server)
        var liar = packet
        liar.payload = Array("PORT 10,1,0,2,19,138\r\n".utf8)
        #expect(try dialogue.arrival(liar).bytes == liar.bytes)
        #expect(dialogue.statistics.conflicts == 0)
        #expect(dialogue.open == ["10.1.0.2:5001"])
    }

    @Test func `of two different early copies the first one counts`() throws {
        var dialogue = Dialogue.ready(Self.plain)
        let early = dialogue.segment(.client, "10,1,0,2,19,137\r\n".utf8, offset: 5)
        dialogue.transmit(early)
        var liar = early
        liar.payload = Array("10,1,0,2,19,138\r\n".utf8)
        #expect(try dialogue.arrival(liar).bytes == early.bytes)
        var late = early
        late.sequence &-= 5
        late.payload = Array("PORT ".utf8)
        dialogue.transmit(late)
        #expect(dialogue.open == ["10.1.0.2:5001"])
        #expect(dialogue.statistics.conflicts == 1)
    }

    @Test func `an early copy counts before a later one that comes in order`() throws {
        let text = Array(Self.port.utf8)
        for start in 1..<text.count {
            for end in start + 1...text.count {
                var dialogue = Dialogue.ready(Self.plain)
                let early = dialogue.segment(.client, text[start..<end], offset: start)
                dialogue.transmit(early)
                // All of the line, but with another first byte in the part that has come already.
                var liar = early
                liar.sequence &-= UInt32(start)
                liar.payload = text
                liar.payload[start] ^= 1
                #expect(try dialogue.arrival(liar).text == Self.port, "\(start)..<\(end)")
                #expect(dialogue.statistics.conflicts == 1)
                #expect(dialogue.open == ["10.1.0.2:5001"])
            }
        }
    }

    // MARK: Outside of the window

    @Test(arguments: [1 << 30, 1 << 30 + 5, 1 << 31, -1 << 30, -5000, -100])
    func `a segment outside of the window changes nothing`(offset: Int) throws {
        for mapping in [Self.plain, snat, NATCase.all[3].mapping] {
            for side in [Session.Side.client, .server] {
                var dialogue = Dialogue.ready(mapping)
                dialogue.acknowledge(.client)
                dialogue.acknowledge(.server)
                for flags in [[.ack, .psh], [.ack, .fin], [.ack, .rst], [.ack, .psh, .urg]] as [TCPFlags] {
                    for text in ["", Self.port, "500 no\r\n"] {
                        let packet = dialogue.segment(side, text.utf8, offset: offset, flags: flags)
                        var stray = packet
                        stray.acknowledgement &+= UInt32(truncatingIfNeeded: offset)
                        dialogue.carry(stray)
                    }
                }
                #expect(dialogue.open.isEmpty)
                #expect(dialogue.events.isEmpty)
                let transfers =
                    (mapping == snat
                    ? NATCase("", "10.1.0.2", "10.2.0.2", client: "10.2.0.100")
                    : mapping == Self.plain ? NATCase.all[0] : NATCase.all[3]).transfers(5001)
                #expect(dialogue.send(.client, transfers.active.sent) == transfers.active.read)
                #expect(dialogue.send(.server, "200 ok\r\n") == "200 ok\r\n")
                dialogue.send(.client, transfers.passive.command)
                #expect(dialogue.send(.server, transfers.passive.sent) == transfers.passive.read)
                #expect(dialogue.statistics.expectationsOpened == 2)
            }
        }
    }

    @Test func `an acknowledgement of bytes that were never sent changes nothing`() {
        var dialogue = Dialogue.ready(snat)
        for distance: UInt32 in [1, 1000, 1 << 29, 1 << 30, 1 << 31] {
            var packet = dialogue.segment(.server, flags: [.ack])
            packet.acknowledgement &+= distance
            dialogue.carry(packet)
        }
        #expect(dialogue.send(.client, Self.port) == "PORT 10,2,0,100,19,137\r\n")
        #expect(dialogue.open == ["10.2.0.100:5001"])
    }

    @Test func `segments far outside of the window are never accepted, however often they come`() {
        var dialogue = Dialogue.ready(snat)
        let stray = dialogue.segment(.client, Self.port.utf8, offset: 70_000)
        for _ in 0..<10 { #expect(dialogue.carry(stray)?.text == "") }
        #expect(dialogue.send(.client, Self.port) == "PORT 10,2,0,100,19,137\r\n")
    }

    @Test func `endless early bytes are not kept`() {
        var dialogue = Dialogue.ready(Self.plain)
        let text = String(repeating: "x", count: 1000)
        for number in 1...100 {
            let packet = dialogue.segment(.client, text.utf8)
            var early = packet
            early.sequence = packet.sequence &+ (number == 1 ? 1 : 0)
            #expect(dialogue.transmit(early)?.bytes == early.bytes)
        }
        // The gap closes, all is acknowledged, and the next line is read.
        dialogue.transmit(dialogue.segment(.client, "\n".utf8, offset: -100_001))
        dialogue.acknowledge(.server)
        #expect(dialogue.send(.client, "\r\n") == "\r\n")
        #expect(dialogue.send(.client, Self.port) == Self.port)
        #expect(dialogue.open == ["10.1.0.2:5001"])
    }

    @Test func `endless tiny early segments are not kept`() {
        var dialogue = Dialogue.ready(Self.plain)
        let first = dialogue.segment(.client)
        for number in 0..<5000 {
            var crumb = first
            crumb.sequence = first.sequence &+ UInt32(1 + 2 * number)
            crumb.payload = [UInt8(ascii: "x")]
            #expect(dialogue.transmit(crumb)?.bytes == crumb.bytes)
        }
        var rest = first
        rest.payload = .init(repeating: UInt8(ascii: "x"), count: 10000)
        dialogue.transmit(rest)
        dialogue.acknowledge(.server)
        #expect(dialogue.send(.client, "\r\n") == "\r\n")
        #expect(dialogue.send(.client, Self.port) == Self.port)
        #expect(dialogue.open == ["10.1.0.2:5001"])
        #expect(dialogue.statistics.conflicts == 0)
    }

    // MARK: The end

    @Test func `bytes after a FIN are not read`() {
        for mapping in [Self.plain, snat] {
            var dialogue = Dialogue.ready(mapping)
            dialogue.send(.client, "QUIT\r\n", flags: [.ack, .fin])
            #expect(dialogue.send(.client, Self.port) == Self.port)
            #expect(dialogue.transmit(dialogue.segment(.client, Self.port.utf8, offset: -23)) != nil)
            #expect(dialogue.open.isEmpty)
        }
    }

    @Test func `an early FIN ends the stream once all bytes before it have come`() {
        for isEmpty in [true, false] {
            var dialogue = Dialogue.ready(Self.plain)
            let quit = dialogue.segment(.client, "QUIT\r\n".utf8)
            let fin = dialogue.segment(
                .client,
                isEmpty ? [] : Array("\r\n".utf8),
                offset: 6,
                flags: [.ack, .fin]
            )
            dialogue.send(.server, "", flags: [.ack, .fin])
            dialogue.transmit(fin)
            #expect(dialogue.tracker.connections.count == 1)
            dialogue.transmit(quit)
            #expect(dialogue.tracker.connections.isEmpty)
        }
    }
}
