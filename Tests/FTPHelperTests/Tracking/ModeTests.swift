// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// Servers whose active or passive data connections are not to be helped.
@Suite struct ModeTests {
    private static let active = [
        "PORT 10,1,0,2,19,137\r\n", "EPRT |1|10.1.0.2|5001|\r\n", "LPRT 4,4,10,1,0,2,2,19,137\r\n",
    ]
    private static let passive = [
        ("PASV\r\n", "227 (10,2,0,2,19,137)\r\n"), ("EPSV\r\n", "229 (|||5001|)\r\n"),
        ("LPSV\r\n", "228 (4,4,10,2,0,2,2,19,137)\r\n"),
    ]

    private func policy(active: Bool = true, passive: Bool = true) -> Policy {
        var policy = Policy()
        policy.rules.allowsActive = active
        policy.rules.allowsPassive = passive
        return policy
    }

    @Test(arguments: active)
    func `where active mode is not allowed, a client's announcement passes unchanged`(line: String) {
        var dialogue = Dialogue.ready(snat, policy: policy(active: false))
        #expect(dialogue.send(.client, line) == line)
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.refusals == [.notAllowed])
        dialogue.send(.server, "200 ok\r\n")
        dialogue.send(.client, "PASV\r\n")
        dialogue.send(.server, "227 (10,2,0,2,19,137)\r\n")
        #expect(dialogue.open == ["10.2.0.2:5001"], "what is passive opens")
    }

    @Test(arguments: passive)
    func `where passive mode is not allowed, a server's announcement passes unchanged`(
        command: String,
        line: String
    ) {
        let dnat = NATCase("the server", "10.1.0.2", "10.2.0.2", server: "10.1.0.100").mapping
        var dialogue = Dialogue.ready(dnat, policy: policy(passive: false))
        dialogue.send(.client, command)
        #expect(dialogue.send(.server, line) == line)
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.refusals == [.notAllowed])
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        #expect(dialogue.open == ["10.1.0.2:5001"], "what is active opens")
    }

    @Test func `a mode that is not allowed resets nothing in strict mode and closes nothing`() {
        var policy = policy()
        policy.rules.isStrict = true
        var dialogue = Dialogue.ready(snat, policy: policy)
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        dialogue.send(.server, "200 ok\r\n")
        dialogue.tracker.policy.rules.allowsActive = false
        #expect(dialogue.send(.client, "PORT 10,1,0,2,19,138\r\n") == "PORT 10,1,0,2,19,138\r\n")
        #expect(dialogue.refusals == [.notAllowed])
        #expect(dialogue.open == ["10.2.0.100:5001"])
    }
}
