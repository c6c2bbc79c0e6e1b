// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// Packets that anybody can write, and what they must not bring about.
@Suite struct ForgeryTests {
    /// A SYN-ACK of the server's with other numbers than its first one.
    private let forged = PacketBuilder(
        tuple: NATCase.all[1].mapping.reply,
        sequence: 12345,
        acknowledgement: 67890,
        flags: [.syn, .ack]
    ).bytes

    /// Lets the tracker see it, and conntrack say what it has then.
    private func forge(_ dialogue: inout Dialogue, _ phase: ConntrackPhase) -> Verdict {
        dialogue.output.clear()
        let verdict = dialogue.tracker.receive(forged.span, at: dialogue.now, into: &dialogue.output)
        guard case .needsMapping = verdict else { return verdict }
        dialogue.tracker.learn(
            dialogue.mapping,
            hasKernelHelper: false,
            phase: phase,
            at: dialogue.now,
            into: &dialogue.output
        )
        return dialogue.tracker.receive(forged.span, at: dialogue.now, into: &dialogue.output)
    }

    @Test func `an unsolicited SYN-ACK does not make another protocol FTP`() {
        var dialogue = Dialogue(NATCase.all[1].mapping)
        dialogue.send(.client, "POST / HTTP/1.1\r\n")
        #expect(dialogue.tracker.connections.map(\.state) == [.notFTP])
        // Again no mapping is needed of which conntrack had not just been asked: the packet goes on.
        #expect(forge(&dialogue, .established) == .needsMapping(dialogue.mapping.reply))
        #expect(dialogue.tracker.connections.map(\.state) == [.notFTP])
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        #expect(dialogue.tracker.expectationCount == 0)
    }

    @Test func `an unsolicited SYN-ACK does not discard edits`() {
        var dialogue = Dialogue(NATCase.all[1].mapping)
        dialogue.logIn()
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        _ = forge(&dialogue, .established)
        #expect(dialogue.send(.client, "NOOP\r\n") == "NOOP\r\n")
        #expect(dialogue.received.server.hasSuffix("NOOP\r\n"))
        #expect(dialogue.tracker.expectationCount == 1)
    }

    @Test func `a SYN-ACK that conntrack was waiting for begins a new connection`() {
        var dialogue = Dialogue(NATCase.all[1].mapping)
        dialogue.send(.client, "POST / HTTP/1.1\r\n")
        #expect(forge(&dialogue, .opening) == .accept)
        #expect(dialogue.tracker.connections.map(\.state) == [.greeting])
        #expect(dialogue.statistics.connectionsTotal == 2)
    }

    @Test(arguments: ["USER / HTTP/1.1", "LIST /?x HTTP/1.0", "HOST /  HTTP/2"])
    func `an HTTP request with any method is not FTP`(_ line: String) {
        var dialogue = Dialogue(NATCase.all[0].mapping)
        dialogue.send(.server, "220 ready\r\n")
        dialogue.send(.client, line + "\r\n")
        #expect(dialogue.tracker.connections.map(\.state) == [.notFTP])
    }

    @Test func `a header field of HTTP or SMTP before the login shows that the connection is not FTP`() {
        var dialogue = Dialogue(NATCase.all[0].mapping)
        dialogue.send(.server, "220 ready\r\n")
        dialogue.send(.client, "USER a\r\nHost: example.org\r\nPORT 10,1,0,2,19,137\r\n")
        dialogue.send(.server, "230 ok\r\n")
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        #expect(dialogue.tracker.connections.map(\.state) == [.notFTP])
        #expect(dialogue.tracker.expectationCount == 0)
    }

    @Test func `a file name with a colon or an HTTP version does not end a session`() {
        var dialogue = Dialogue(NATCase.all[0].mapping)
        dialogue.logIn()
        dialogue.send(.client, "SIZE RFC on HTTP/1.1\r\n")
        dialogue.send(.server, "213 1\r\n")
        dialogue.send(.client, "x: y\r\n")
        dialogue.send(.server, "500 what\r\n")
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        #expect(dialogue.tracker.expectationCount == 1)
    }
}
