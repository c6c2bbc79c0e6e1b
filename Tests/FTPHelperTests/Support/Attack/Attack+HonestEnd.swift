// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// The honest end.
extension Attack {
    static func application(
        _ side: Session.Side,
        _ kind: Int,
        _ words: AttackWords,
        _ choices: inout Choices
    ) -> HonestApplication {
        guard side == .client else {
            return .server(
                HonestFTPServer(
                    quoting: choices.next(of: HonestFTPServer.Quoting.allCases),
                    acceptsLogins: kind & 3 != 0,
                    announcements: words.replies.map { reply in
                        let extended = Utterance(reply.extended, port: reply.port)
                        guard case .v4 = words.mapping.original.source.address else {
                            return (Utterance("522 use EPSV\r\n"), extended)
                        }
                        return (Utterance(reply.passive, port: reply.port), extended)
                    }
                )
            )
        }
        guard kind & 3 != 0 else {
            return .webClient(
                HonestWebClient(requests: (0..<1 + kind >> 2).map { _ in request(words, &choices) })
            )
        }
        return .client(
            HonestFTPClient(
                commands: (0..<4).map { _ in command(words, &choices) },
                isPipelining: kind & 3 == 2,
                hello: kind == 7 ? ClientHello.bytes(quoting: words.clientQuote) : nil
            )
        )
    }

    /// A request whose body a page has chosen.
    static func request(_ words: AttackWords, _ choices: inout Choices) -> [UInt8] {
        let heads = [
            "POST / HTTP/1.1\r\nHost: x:21\r\n\r\n", "USER / HTTP/1.1\r\nHost: x:21\r\n\r\n",
            "PORT /10,1,0,2,19,137 HTTP/1.1\r\nHost: x:21\r\n\r\n", "PASS /a HTTP/1.0\r\nX: USER a\r\n\r\n",
            "EHLO x\r\n", "NICK USER\r\n",
        ]
        let number = choices.next(of: heads.count + 1)
        var request = number < heads.count ? Array(heads[number].utf8) : []
        if choices.next(of: 2) == 0 {
            request += Array("USER a\r\nPASS b\r\n".utf8) + words.clientQuote + Array("\r\n".utf8)
        }
        for _ in 0..<choices.next(of: 5) {
            switch choices.next(of: 8) {
            case 0: request += Array("USER a\r\n".utf8)
            case 1: request += Array("PASS b\r\n".utf8)
            case 2: request += Array("USER a\r\nPASS b\r\n".utf8)
            case 3: request += [UInt8](repeating: 0x61, count: padding(&choices))
            case 4: request += Array("\r\n".utf8)
            case 5: request += Array("NOOP\r\n".utf8)
            default: request += words.clientQuote + Array("\r\n".utf8)
            }
        }
        return number < heads.count ? request : ClientHello.bytes(quoting: request)
    }

    /// A command whose path somebody else has chosen, or one of the client's own.
    static func command(_ words: AttackWords, _ choices: inout Choices) -> Utterance {
        let number = choices.next(of: 10)
        switch number {
        case 0, 1:
            let own = words.commands[choices.next(of: words.commands.count)]
            return Utterance(own.line, port: own.port)
        case 2: return Utterance(Array("PASV\r\n".utf8), asks: true)
        case 3: return Utterance(Array("EPSV\r\n".utf8), asks: true)
        case 4: return Utterance("NOOP\r\n")
        default:
            let verbs = ["RETR ", "CWD ", "SIZE ", "STOR ", "RETR "]
            return Utterance(
                Array(verbs[number - 5].utf8) + [UInt8](repeating: 0x61, count: padding(&choices))
                    + words.clientQuote + Array("\r\n".utf8)
            )
        }
    }

    static func padding(_ choices: inout Choices) -> Int {
        let sizes = [0, 1, 2, 3, 8, 15, 35, 80, 95, 300, 1400, 1460, 4080, 4096]
        return sizes[choices.next(of: sizes.count)]
    }

    mutating func connect() {
        guard honest.state == .closed else { return }
        if opensFast || !application.speaksFTP { begin() }
        honest.connect(opensFast: opensFast)
        settle()
    }

    /// Has another connection from the same port, or takes one at the same port, when the last one is over.
    mutating func beginAnew() {
        guard honest.state == .closed, hasBegun else { return }
        connections += 1
        honest = HonestTCP(
            isServer: side == .server,
            initial: honest.initial &+ 0x10_0000 &* UInt32(connections),
            segmentSize: segmentSize
        )
        application = Attack.application(side, choices.next(of: 8), words, &choices)
        hasBegun = false
        isClosing = false
        announced = []
        asked = []
        marks = []
        arrived = 0
        held = []
        if side == .client { connect() }
    }

    mutating func begin() {
        hasBegun = true
        say(application.begin())
    }

    mutating func say(_ utterances: [Utterance]) {
        for utterance in utterances where !isClosing {
            let start = honest.text.count
            honest.send(utterance.text)
            let end = honest.text.count
            if let port = utterance.port { announced.append((port, end)) }
            if utterance.asks { asked.append(end) }
            mark(start..<end)
            if utterance.isLast {
                honest.close()
                isClosing = true
            }
        }
    }

    /// Notes where something stands in its text that looks as if a line began there.
    mutating func mark(_ range: Range<Int>) {
        let text = honest.text
        for offset in range where offset + 4 < range.upperBound && marks.count < 16 {
            switch (text[offset], text[offset + 1], text[offset + 2]) {
            case (0x50, 0x4f, 0x52), (0x45, 0x50, 0x52), (0x55, 0x53, 0x45), (0x32, 0x32, 0x37...0x39):
                marks.append(offset)
            default: break
            }
        }
    }

    /// Lets the honest end react to the last event, and carries the packets that it sends.
    mutating func settle() {
        if honest.isEstablished {
            if !hasBegun { begin() }
            let heard = honest.takeReceived()
            if !heard.isEmpty { say(application.hear(heard)) }
            honest.transmit()
        }
        for segment in honest.takeSent() { send(segment) }
        for (side, segment) in gateway.takeInjected() where side == self.side { honest.receive(segment) }
    }

    /// Sends one of its packets on its way.
    mutating func send(_ segment: WireSegment) {
        if fateCount > 0 {
            fateCount -= 1
            switch fate {
            case .arrives: break
            case .isLost: return
            case .isHeld:
                held.append(segment)
                return
            }
        }
        carry(segment)
    }

    mutating func carry(_ segment: WireSegment) {
        let arrived = gateway.carry(segment, from: side)
        judge()
        if let arrived { compare(arrived) }
    }
}
