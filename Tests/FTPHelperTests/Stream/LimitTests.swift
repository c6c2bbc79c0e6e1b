// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper
import Testing

/// How much one side can make a stream keep, and what happens beyond that.
@Suite struct LimitTests {
    private static let plain = NATCase.all[0].mapping
    private static let port = "PORT 10,1,0,2,19,137\r\n"

    /// A connection that is logged in, with nothing under way.
    private static func ready() -> Dialogue {
        var dialogue = Dialogue.ready(plain)
        dialogue.acknowledge(.client)
        return dialogue
    }

    /// Bytes that the streams keep.
    private static func kept(_ dialogue: borrowing Dialogue) -> Int {
        dialogue.tracker.size - ready().tracker.size
    }

    @Test func `early bytes are kept up to the limit`() {
        var dialogue = Self.ready()
        let text = [UInt8](repeating: UInt8(ascii: "x"), count: 1000)
        for number in 0..<50 {
            let packet = dialogue.segment(.client, text, offset: number == 0 ? 1 : 0)
            dialogue.transmit(packet)
        }
        #expect(Self.kept(dialogue) == StreamLimits().ahead / 1000 * 1000)
    }

    @Test func `early segments are kept up to the limit of their number`() {
        var dialogue = Self.ready()
        for _ in 0..<100 { dialogue.transmit(dialogue.segment(.client, "x".utf8, offset: 1)) }
        #expect(Self.kept(dialogue) == StreamLimits().fragments)
    }

    @Test func `unacknowledged bytes are kept up to the limit`() {
        var dialogue = Self.ready()
        for _ in 0..<100 { dialogue.send(.client, "NOOP " + String(repeating: "x", count: 493) + "\r\n") }
        #expect(Self.kept(dialogue) == StreamLimits().history)
    }

    @Test func `a line waits while too many edits are unacknowledged`() throws {
        var dialogue = Dialogue.ready(snat)
        let read = "PORT 10,2,0,100,19,137\r\n"
        for _ in 0..<StreamLimits().edits { #expect(dialogue.send(.client, Self.port) == read) }
        let packet = dialogue.segment(.client, Self.port.utf8)
        let waits = try dialogue.arrival(packet)
        #expect(waits.payload.count <= 1)
        dialogue.acknowledge(.server)
        #expect(try dialogue.arrival(packet).text == read)
    }
}
