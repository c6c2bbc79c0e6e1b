// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// What the ends of a session do while its positions are doubted.
@Suite struct PositionUncertaintyTests {
    private let nat = NATCase.all[1]

    /// A session with a rewritten line whose positions are doubted.
    private func doubted() -> Dialogue {
        var dialogue = Dialogue.ready(nat.mapping)
        dialogue.send(.client, nat.transfers(5001).active.sent)
        dialogue.send(.server, "200 ok\r\n")
        dialogue.acknowledge(.client)
        dialogue.perform { tracker, now, _ in tracker.requireProofs(at: now) }
        dialogue.wait(seconds: 0)
        dialogue.actions = []
        return dialogue
    }

    @Test func `an RST and the packets after it pass`() {
        var dialogue = doubted()
        #expect(dialogue.transmit(dialogue.segment(.client, flags: [.rst]))?.flags == [.rst])
        #expect(dialogue.acknowledge(.server) != nil)
    }

    @Test func `a session that the administrator ends is reset at both ends`() throws {
        var dialogue = doubted()
        let id = try #require(dialogue.tracker.connections.first?.id)
        _ = dialogue.perform { $0.disconnect(id, at: $1, into: &$2) }
        for side in [Session.Side.client, .server] {
            let packet = dialogue.segment(side, "NOOP\r\n".utf8)
            #expect(dialogue.transmit(packet)?.flags == [.rst, .ack])
        }
    }

    /// Some firewalls drop the question.
    @Test func `a session with an end that never answers goes on at the known positions`() {
        var dialogue = doubted()
        let command = dialogue.segment(.client, "NOOP\r\n".utf8)
        #expect(dialogue.transmit(command)?.text == "")
        dialogue.wait(seconds: 9)
        #expect(dialogue.transmit(command)?.text == "NOOP\r\n")
    }

    @Test func `a silent end loses nothing and is probed again later`() {
        var dialogue = doubted()
        dialogue.wait(seconds: 9)
        #expect(dialogue.actions.count { if case .inject = $0 { true } else { false } } == 8)
        dialogue.actions = []
        #expect(dialogue.transmit(dialogue.segment(.client, "NOOP\r\n".utf8))?.text == "")
        dialogue.wait(seconds: 0)
        #expect(dialogue.actions.count { if case .inject = $0 { true } else { false } } == 2)
    }

    @Test(arguments: ["POST / HTTP/1.1\r\n", "X-Header: value\r\n"])
    func `an uncertain login does not make another protocol FTP`(line: String) {
        var dialogue = Dialogue(nat.mapping)
        dialogue.send(.server, "220 ready\r\n")
        dialogue.perform { tracker, now, _ in tracker.requireProofs(at: now) }
        dialogue.send(.client, line)
        #expect(dialogue.tracker.connections.map(\.state) == [.notFTP])
    }

    @Test func `a login may be missing only where the uncertainty began`() {
        var dialogue = Dialogue(nat.mapping)
        dialogue.send(.server, "220 ready\r\n")
        dialogue.perform { tracker, now, _ in tracker.requireProofs(at: now) }
        dialogue.send(.client, "SYST\r\n")
        dialogue.send(.server, "215 UNIX\r\n")
        dialogue.miss(.client, "USER anonymous\r\n")
        dialogue.send(.server, "331 password\r\n")
        #expect(dialogue.tracker.connections.map(\.state) == [.notFTP])
    }
}
