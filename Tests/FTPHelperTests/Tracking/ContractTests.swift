// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// The client 10.1.0.2, seen by the server as 10.2.0.100; the server 10.2.0.2.
let snat = Mapping(
    original: Tuple(source: Endpoint(v4(10, 1, 0, 2), 40112), destination: Endpoint(v4(10, 2, 0, 2), 21)),
    reply: Tuple(source: Endpoint(v4(10, 2, 0, 2), 21), destination: Endpoint(v4(10, 2, 0, 100), 40112))
)

/// What each kind of line does, under each kind of NAT, however it is cut.
@Suite struct ContractTests {
    /// Some bytes of one side, and what they do.
    struct Example: Sendable, CustomStringConvertible {
        enum Outcome: Hashable { case opens(UInt16), refused(Refusal.Reason), passes }

        /// The lines before: `>` from the client, `<` from the server.
        var before: [String] = Example.login
        let side: Session.Side
        let text: String
        let outcome: Outcome
        var isIPv6 = false

        var description: String { text.debugDescription }

        static let login = ["<220 hi\r\n", ">USER x\r\n", "<331 more\r\n", ">PASS y\r\n", "<230 ok\r\n"]

        static func client(_ text: String, _ outcome: Outcome, isIPv6: Bool = false) -> Example {
            Example(side: .client, text: text, outcome: outcome, isIPv6: isIPv6)
        }

        static func server(after command: String, _ text: String, _ outcome: Outcome, isIPv6: Bool = false)
            -> Example
        {
            Example(
                before: login + [">" + command + "\r\n"],
                side: .server,
                text: text,
                outcome: outcome,
                isIPv6: isIPv6
            )
        }
    }

    static let examples: [Example] = [
        .client("PORT <c>,19,137\r\n", .opens(5001)),
        .client("PORT <c>,19,137\n", .opens(5001)),
        .client("PWD\r\n", .passes),
        .client("TYPE I\r\nPORT <c>,19,137\r\n", .opens(5001)),
        .client("PORT <c>,19,137\r\nLIST\r\n", .opens(5001)),
        .client("PORT  <c>,19,137\r\n", .opens(5001)),
        .client("PORT <c>,19,137 \r\n", .opens(5001)),
        .client("PORTABLE <c>,19,137\r\n", .passes),
        .client("PORT <c>,19,393\r\n", .refused(.malformed)),
        .client("PORT <c>,0,22\r\n", .refused(.privilegedPort)),
        .client("PORT <c>,0,0\r\n", .refused(.malformed)),
        .client("port <c0>\r\n", .opens(5001)),
        .client("EPRT |1|<C>|5001|\r\n", .opens(5001)),
        .client("EPRT !1!<C>!5001!\r\n", .opens(5001)),
        .client("EPRT |1|<C>|70537|\r\n", .refused(.malformed)),
        .client("EPRT |2|fd01::2|5001|\r\n", .refused(.malformed)),
        .client("LPRT 4,4,<c>,2,19,137\r\n", .opens(5001)),
        .client("PORT 10,9,9,9,19,137\r\n", .refused(.addressMismatch)),
        .server(after: "NOOP", "200 OK\r\n", .passes),
        .server(after: "PASV", "227 Entering Passive Mode <s>,19,137\r\n", .opens(5001)),
        .server(after: "PASV", "227 Entering Passive Mode (<s>,19,137).\r\n", .opens(5001)),
        .server(after: "PASV", "227 Entering Passive Mode (<s_>,19,137)\r\n", .opens(5001)),
        .server(after: "PASV", "227-Mode 1,2\r\n227 Mode 3,4 (<s>,19,137)\r\n", .opens(5001)),
        .server(after: "PASV", "227 Entering Passive Mode (<x>,19,137)\r\n", .opens(5001)),
        .server(after: "LPSV", "228 Entering Long Passive Mode (4,4,<s>,2,19,137)\r\n", .opens(5001)),
        .server(after: "EPSV", "229 Extended (RFC2428) Passive Mode (|||5001|)\r\n", .opens(5001)),
        .server(after: "EPSV", "229 Extended (|1|<S>|5001|)\r\n", .opens(5001)),
        .server(after: "QUIT", "227 Logout.\r\n", .passes),
        Example(
            before: ["<220 hi\r\n", ">USER x\r\n", "<331 more\r\n", ">PASS y\r\nPASV\r\n"],
            side: .server,
            text: "230-hello\r\n230 ok\r\n227 Entering Passive Mode (<s>,19,137)\r\n",
            outcome: .opens(5001)
        ),
        Example(
            before: ["<220 hi\r\n"],
            side: .server,
            text: "227 (<s>,0,22)\r\n",
            outcome: .refused(.unsolicited)
        ),
        Example(
            before: [],
            side: .client,
            text: "PORT <c>,19,137\r\n",
            outcome: .refused(.notLoggedIn)
        ),
        Example(
            before: [],
            side: .client,
            text: "POST / HTTP/1.1\r\nHost: x\r\n\r\nPORT <c>,19,137\r\n",
            outcome: .refused(.notFTP)
        ),
        .client("EPRT |2|<C>|5001|\r\n", .opens(5001), isIPv6: true),
        .client("eprt :2:<C>:5001: \n", .opens(5001), isIPv6: true),
        .client("LPRT 6,16,<c16>,2,19,137\r\n", .opens(5001), isIPv6: true),
        .client("EPRT |1|10.1.0.2|5001|\r\n", .refused(.malformed), isIPv6: true),
        .client("EPRT |2|fd09::9|5001|\r\n", .refused(.addressMismatch), isIPv6: true),
        .client("PORT 10,1,0,2,19,137\r\n", .refused(.malformed), isIPv6: true),
        .server(
            after: "EPSV",
            "229 Extended (RFC2428) Passive Mode (|||5001|)\r\n",
            .opens(5001),
            isIPv6: true
        ),
        .server(after: "EPSV", "229 Extended (|2|<S>|5001|)\r\n", .opens(5001), isIPv6: true),
    ]

    /// Sends text cut into pieces, each acknowledged.
    private static func send(
        _ dialogue: inout Dialogue,
        _ side: Session.Side,
        _ text: String,
        cuts: [Int] = []
    ) {
        let bytes = Array(text.utf8)
        for (start, end) in zip([0] + cuts, cuts + [bytes.count]) where start < end {
            dialogue.transmit(dialogue.segment(side, bytes[start..<end]))
            dialogue.acknowledge(side == .client ? .server : .client)
        }
    }

    private static func prepare(_ example: Example, _ nat: NATCase) -> (Dialogue) {
        var dialogue = Dialogue(nat.mapping)
        for line in example.before {
            send(&dialogue, line.hasPrefix(">") ? .client : .server, String(line.dropFirst()))
        }
        dialogue.actions = []
        return dialogue
    }

    /// The endpoint at which a data connection announced by a side will arrive.
    private static func endpoint(_ nat: NATCase, _ side: Session.Side, _ port: UInt16) -> String {
        let address =
            side == .client ? nat.mapping.reply.destination.address : nat.mapping.original.destination.address
        return Endpoint(address, port).description
    }

    /// Returns what is wrong after an example, or `nil`.
    private static func complaint(_ example: Example, _ nat: NATCase, cuts: [Int]) -> String? {
        var dialogue = prepare(example, nat)
        let before = example.side == .client ? dialogue.received.server : dialogue.received.client
        let sent = Template.sent(example.text, nat)
        send(&dialogue, example.side, sent, cuts: cuts)
        let all = example.side == .client ? dialogue.received.server : dialogue.received.client
        let got = all.dropFirst(before.count)

        var expected = sent
        var open: [String] = []
        var refusals: [Refusal.Reason] = []
        switch example.outcome {
        case .opens(let port):
            expected = Template.read(example.text, nat)
            open = [endpoint(nat, example.side, port)]
        case .refused(let reason): refusals = [reason]
        case .passes: break
        }
        guard got == expected else {
            return "\(got.debugDescription) went on instead of \(expected.debugDescription)"
        }
        guard dialogue.open == open else { return "open is \(dialogue.open)" }
        guard dialogue.refusals == refusals else { return "refused is \(dialogue.refusals)" }

        // Whatever it was, what follows is where it should be.
        if example.outcome == .refused(.notFTP) {
            send(&dialogue, .client, sent)
            guard dialogue.received.server == sent + sent, dialogue.open.isEmpty else {
                return "is read again"
            }
            return nil
        }
        if example.before.count < 4 {
            let greeting = example.before.isEmpty ? ["<220 hi\r\n", "<530 no\r\n"] : []
            for line in greeting + Example.login.dropFirst() {
                send(&dialogue, line.hasPrefix(">") ? .client : .server, String(line.dropFirst()))
            }
        }
        let transfers = nat.transfers(5002)
        let isUnanswered = example.side == .client && example.before.count > 4
        let answers = (isUnanswered ? sent.utf8.count { $0 == UInt8(ascii: "\n") } : 0) + 1
        for (side, sent, read) in [
            (.client, transfers.active.sent, transfers.active.read),
            (.server, String(repeating: "200 ok\r\n", count: answers), nil),
            (.client, transfers.passive.command, nil),
            (.server, transfers.passive.sent, transfers.passive.read),
        ] as [(Session.Side, String, String?)] {
            send(&dialogue, side, sent, cuts: cuts.filter { $0 < sent.utf8.count })
            let all = side == .client ? dialogue.received.server : dialogue.received.client
            guard all.hasSuffix(read ?? sent) else { return "afterwards \(all.suffix(60).debugDescription)" }
            if let read, read != "" {
                guard dialogue.open == [endpoint(nat, side, 5002)] else {
                    return "afterwards open is \(dialogue.open)"
                }
            }
        }
        return nil
    }

    private static let cases: [(Example, NATCase)] = examples.flatMap { example in
        NATCase.all.filter { $0.isIPv6 == example.isIPv6 }.map { (example, $0) }
    }

    @Test(arguments: cases)
    func `every example does what the contract says, cut at any byte`(example: Example, nat: NATCase) {
        let count = Template.sent(example.text, nat).utf8.count
        for cut in 0..<count {
            let complaint = Self.complaint(example, nat, cuts: cut == 0 ? [] : [cut])
            #expect(complaint == nil, "cut at \(cut)")
            if complaint != nil { return }
        }
    }

    @Test(arguments: cases)
    func `every example does what the contract says when it comes byte by byte`(
        example: Example,
        nat: NATCase
    ) {
        let count = Template.sent(example.text, nat).utf8.count
        #expect(Self.complaint(example, nat, cuts: Array(1..<count)) == nil)
    }

    @Test(arguments: cases)
    func `an example cut short passes, and the session goes on`(example: Example, nat: NATCase) {
        let bytes = Array(Template.sent(example.text, nat).utf8)
        for count in 1..<bytes.count where bytes[count - 1] != UInt8(ascii: "\n") {
            let text = String(decoding: bytes[..<count], as: UTF8.self) + "\r\n"
            var dialogue = Self.prepare(example, nat)
            Self.send(&dialogue, example.side, text)
            let all = example.side == .client ? dialogue.received.server : dialogue.received.client
            let expected = NaiveEditor(nat).edit(text, isAllowed: !dialogue.open.isEmpty)
            #expect(all.hasSuffix(expected), "\(text.debugDescription)")
            // A line that is whole announces; a part of one does not, unless it is a line of its own.
            let isWhole = NaiveEditor(nat).announces(text)
            #expect(isWhole || dialogue.open.isEmpty, "\(text.debugDescription)")
            if case .opens = example.outcome { #expect(isWhole == !dialogue.open.isEmpty) }
        }
    }

    @Test func `after 500 announcements in a row only the newest is open`() {
        var dialogue = Dialogue.ready(snat)
        for number in 0..<500 {
            let port = 2000 + number
            dialogue.send(.client, "PORT 10,1,0,2,\(port / 256),\(port % 256)\r\n")
            if number % 7 == 0 { dialogue.acknowledge(.server) }
            #expect(dialogue.open == ["10.2.0.100:\(port)"])
        }
        #expect(dialogue.statistics.expectationsOpened == 500)
        #expect(dialogue.actions.count { if case .close = $0 { true } else { false } } == 499)
        let lines = (2000..<2500).map { "PORT 10,2,0,100,\($0 / 256),\($0 % 256)\r\n" }
        #expect(dialogue.received.server.hasSuffix(lines.joined()))
    }

    @Test func `a PORT that comes byte by byte is withheld from its first digit to its end`() {
        var dialogue = Dialogue.ready(snat)
        #expect(dialogue.send(.client, "PO") == "PO")
        #expect(dialogue.send(.client, "RT 10,1") == "RT ")
        dialogue.acknowledge(.server)
        // Withheld bytes are requested by repeating the byte before them, which the server acknowledges at once.
        #expect(dialogue.send(.client, ",0,2,1") == " ")
        #expect(dialogue.acknowledge(.server)?.acknowledgement == dialogue.sent.client)
        #expect(dialogue.send(.client, "9,138\r\nLIST\r\n") == "10,2,0,100,19,138\r\nLIST\r\n")
        #expect(dialogue.statistics.edits == 1)
    }
}
