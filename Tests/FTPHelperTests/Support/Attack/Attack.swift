// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// An attack on the gateway: one end of a control connection is honest, the other sends what it likes, and bytes decide what.
///
/// The attacker knows everything of the honest end, and each of its packets can be made to end at the gateway. It has no power
/// over the honest end but by the rules of TCP, and over what that says but as a page, a file name or a command has it.
struct Attack: ~Copyable {
    /// What the path does to the honest end's next packets.
    private enum Fate { case arrives, isLost, isHeld }

    private var choices: Choices
    private let words: AttackWords
    private var gateway: AttackedGateway
    private let side: Session.Side
    private var honest: HonestTCP
    private var application: HonestApplication
    /// How many connections it has had.
    private var connections = 0
    private let opensFast: Bool
    private let segmentSize: Int
    /// The next daemon may lack a part of what the last one has kept.
    private let losesState: Bool
    /// Set once the application knows that it is connected.
    private var hasBegun = false
    private var isClosing = false

    /// What the honest end announces, and where it asks for an announcement, with the offsets in its text behind these lines.
    private var announced: [(port: UInt16, end: Int)] = []
    private var asked: [Int] = []
    /// Offsets in its text where something begins that an attacker may have chosen.
    private var marks: [Int] = []
    /// Expectations that were opened and may still be open.
    private var rightful: [Expectation] = []

    /// Sequence number of the attacker's SYN, and what it has sent last.
    private let attackerInitial: UInt32 = 0x1000
    private var sent: [WireSegment] = []
    /// Offset in the honest end's text up to which the attacker has it, and whether it has ever said that it has more.
    private var arrived = 0
    private var hasLied = false
    /// Offset in the honest end's text up to which it may send; `nil` for all of it.
    private var limit: Int?
    /// The honest end's packets that the path keeps.
    private var held: [WireSegment] = []
    private var fate = Fate.arrives
    private var fateCount = 0

    /// What went wrong, as a sentence.
    private(set) var complaint: String?
    /// How many pinholes have been opened.
    private(set) var openings = 0
    /// Tells whether the connection might have been taken for one that began out of sight.
    var wasAdopted: Bool { gateway.mayBeAdopted }

    /// - Parameters:
    ///   - bytes: the surroundings, what the honest application is, and then what happens.
    ///   - policy: the policy, except for strict mode, which the bytes choose.
    init(_ bytes: [UInt8], policy: Policy = Policy()) {
        var choices = Choices(bytes)
        let setting = choices.next(of: 256)
        let more = choices.next(of: 256)
        let state = choices.next(of: 256)
        words = AttackWords.all[setting & 3]
        side = setting & 4 == 0 ? .client : .server
        var surroundings = AttackedGateway.Surroundings(mapping: words.mapping)
        surroundings.policy = policy
        surroundings.policy.rules.isStrict = setting & 8 != 0
        surroundings.isLiberal = setting & 16 != 0
        surroundings.dropsInvalid = setting & 32 != 0
        surroundings.bypasses = setting & 64 != 0
        losesState = state & 3 == 3
        surroundings.keepsRecords = state & 7 != 3
        gateway = AttackedGateway(surroundings)
        opensFast = more & 1 != 0
        segmentSize = [1460, 1460, 1460, 536, 100, 40, 20, 7][more >> 2 & 7]
        honest = HonestTCP(
            isServer: side == .server,
            initial: more & 2 == 0 ? 0xffff_ff80 : 0x4000_0000,
            segmentSize: segmentSize
        )
        application = Attack.application(side, more >> 5, words, &choices)
        self.choices = choices
    }

    /// Plays it to its end; returns what went wrong, or `nil`.
    mutating func play() -> String? {
        if side == .client {
            // The attacker may be the first to send something.
            for _ in 0..<max(0, choices.next(of: 16) - 12) { act() }
            connect()
        }
        while !choices.isOver, complaint == nil { act() }
        for expectation in gateway.expectations { judge(expectation) }
        return complaint
    }
}

/// The honest end.
extension Attack {
    private static func application(
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
    private static func request(_ words: AttackWords, _ choices: inout Choices) -> [UInt8] {
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
    private static func command(_ words: AttackWords, _ choices: inout Choices) -> Utterance {
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

    private static func padding(_ choices: inout Choices) -> Int {
        let sizes = [0, 1, 2, 3, 8, 15, 35, 80, 95, 300, 1400, 1460, 4080, 4096]
        return sizes[choices.next(of: sizes.count)]
    }

    private mutating func connect() {
        guard honest.state == .closed else { return }
        if opensFast || !application.speaksFTP { begin() }
        honest.connect(opensFast: opensFast)
        settle()
    }

    /// Has another connection from the same port, or takes one at the same port, when the last one is over.
    private mutating func beginAnew() {
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

    private mutating func begin() {
        hasBegun = true
        say(application.begin())
    }

    private mutating func say(_ utterances: [Utterance]) {
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
    private mutating func mark(_ range: Range<Int>) {
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
    private mutating func settle() {
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
    private mutating func send(_ segment: WireSegment) {
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

    private mutating func carry(_ segment: WireSegment) {
        let arrived = gateway.carry(segment, from: side)
        judge()
        if let arrived { compare(arrived) }
    }
}

/// The attacker.
extension Attack {
    private mutating func act() {
        switch choices.next(of: 16) {
        case 0...2: cooperate(application.awaited)
        case 3: cooperate(line())
        case 4:
            limit = newLimit()
            cooperate(application.awaited)
        case 5:
            limit = newLimit()
            transmit(segment(.ack), isDelivered: true)
        case 6, 7: forge(isDelivered: true)
        case 8: forge(isDelivered: false)
        case 9: retransmit()
        case 10: disturb()
        case 11: repeatSegment()
        case 12: interfere()
        case 13: changeDaemon()
        case 14: useHonestEnd()
        default: acknowledgeMark()
        }
        settle()
    }

    /// Number of the next byte that the honest end is to get; before the handshake, of the attacker's SYN.
    private var next: UInt32 {
        switch honest.state {
        case .listening, .synSent, .closed: attackerInitial
        case .synReceived, .established: honest.receiveNext
        }
    }

    /// A segment as an honest end would send it now.
    private func segment(_ flags: TCPFlags, _ payload: [UInt8] = []) -> WireSegment {
        var segment = WireSegment(
            sequence: next,
            acknowledgement: honest.sendNext,
            flags: flags,
            payload: payload
        )
        segment.window = window(behind: segment.acknowledgement)
        return segment
    }

    /// How much more the honest end may send when it has got an acknowledgement.
    private func window(behind acknowledgement: UInt32) -> UInt16 {
        guard let limit else { return 0xffff }
        return UInt16(clamping: Int(Int32(bitPattern: honest.position(limit) &- acknowledgement)))
    }

    /// Does what an honest end would do.
    private mutating func cooperate(_ line: [UInt8]) {
        switch honest.state {
        case .listening: transmit(segment(.syn), isDelivered: true)
        case .synSent: transmit(segment([.syn, .ack]), isDelivered: true)
        case .synReceived: transmit(segment(.ack), isDelivered: true)
        case .established, .closed: transmit(segment([.ack, .psh], line), isDelivered: true)
        }
    }

    /// What it says: a line of a client or a server, whichever it is, a part of one, or anything.
    private mutating func line() -> [UInt8] {
        let lines = side == .client ? words.serverLines : words.clientLines
        let number = choices.next(of: 64)
        if number < lines.count { return lines[number] }
        switch number {
        case 60...: return choices.take(choices.next(of: 24))
        default:
            let line = lines[number % lines.count]
            return Array(line.prefix(1 + choices.next(of: line.count)))
        }
    }

    /// How far it lets the honest end send from now on.
    private mutating func newLimit() -> Int? {
        let number = choices.next(of: 16)
        switch number {
        case 0...4: return nil
        case 5...11: return markOffset()
        default: return honest.sent + [0, 1, 7, 40][number - 12]
        }
    }

    /// A number that means something, or one near it.
    private mutating func number(_ bases: [UInt32]) -> UInt32 {
        let deltas = [1, -1, 2, -2, 7, -7, 40, -40, 100, -100, 1000, -1000, 1 << 24, 1 << 30, -1 << 30]
        let base = bases[choices.next(of: bases.count)]
        let number = choices.next(of: 4 * deltas.count)
        return number < deltas.count ? base &+ UInt32(truncatingIfNeeded: deltas[number]) : base
    }

    /// Sends anything.
    private mutating func forge(isDelivered: Bool) {
        let usual: [TCPFlags] = honest.isEstablished ? [[.ack], [.ack, .psh]] : [[.syn, .ack], [.syn]]
        let unusual: [TCPFlags] = [
            [.ack], [.syn, .ack], [.syn], [.ack, .fin], [.rst], [.rst, .ack], [.syn, .ack, .fin], [],
        ]
        var forged = segment(choices.next(of: usual + unusual))
        forged.sequence = number([
            next, next, next, attackerInitial, attackerInitial &+ 1, sent.last?.end ?? next,
            honest.receiveNext,
        ])
        forged.acknowledgement = number([
            honest.sendNext, honest.sendNext, honest.unacknowledged, honest.initial, honest.position(0),
            honest.position(honest.text.count), honest.position(markOffset()),
        ])
        forged.window =
            choices.isOne(of: 4)
            ? choices.next(of: [0, 1, 7, 100]) : window(behind: forged.acknowledgement)
        if choices.next(of: 2) == 1 { forged.payload = line() }
        if forged.flags.contains(.syn) { forged.isFastOpen = choices.isOne(of: 8) }
        forged.isGiant = choices.isOne(of: 64)
        transmit(forged, isDelivered: isDelivered)
    }

    private mutating func markOffset() -> Int {
        marks.isEmpty ? 0 : marks[choices.next(of: marks.count)]
    }

    /// Acknowledges up to where something begins that it has chosen, whatever has come of it.
    private mutating func acknowledgeMark() {
        var answer = segment(honest.state == .synSent ? [.syn, .ack] : .ack)
        answer.acknowledgement = honest.position(markOffset())
        answer.window = window(behind: answer.acknowledgement)
        transmit(answer, isDelivered: choices.next(of: 2) == 0)
    }

    /// Sends again what it has sent before, or something else in its place.
    private mutating func repeatSegment() {
        guard !sent.isEmpty else { return }
        var segment = sent[choices.next(of: sent.count)]
        if choices.next(of: 2) == 1 { segment.payload = line() }
        transmit(segment, isDelivered: choices.next(of: 2) == 0)
    }

    /// Sends a segment, which goes beyond the gateway or not.
    private mutating func transmit(_ segment: WireSegment, isDelivered: Bool) {
        if sent.count == 8 { sent.removeFirst() }
        sent.append(segment)
        if segment.flags.contains(.ack) {
            let confirmed = Int(Int32(bitPattern: segment.acknowledgement &- honest.position(arrived)))
            hasLied = hasLied || confirmed > (isClosing ? 1 : 0)
        }
        let arrived = gateway.carry(segment, from: side.other)
        judge()
        guard isDelivered, let arrived else { return }
        honest.receive(arrived)
    }

    /// Lets the honest end send something again.
    private mutating func retransmit() {
        let number = choices.next(of: 8)
        switch number {
        case 0: honest.keepAlive()
        case 1...3: honest.retransmit(1460)
        case 4:
            // As much as comes before a mark.
            let offset = markOffset()
            honest.retransmit(max(1, offset - honest.acknowledged))
        default: honest.retransmit([1, 7, 40][number - 5])
        }
    }

    /// Has the path lose, keep or repeat the honest end's packets.
    private mutating func disturb() {
        let number = choices.next(of: 8)
        switch number {
        case 0...3:
            fate = number < 2 ? .isLost : .isHeld
            fateCount = 1 + number % 2 * 2
        case 4, 5:
            fateCount = 0
            let kept = number == 4 ? held : held.reversed()
            held = []
            for segment in kept { carry(segment) }
        case 6:
            guard !held.isEmpty else { return }
            carry(held[choices.next(of: held.count)])
        default: fateCount = 0
        }
    }

    /// What befalls the gateway besides.
    private mutating func interfere() {
        switch choices.next(of: 6) {
        case 0, 1: gateway.flushConntrack()
        case 2: gateway.wait(seconds: 16)
        case 3: gateway.wait(seconds: 121)
        case 4: gateway.wait(seconds: 310)
        default: gateway.survey()
        }
        judge()
    }

    private mutating func changeDaemon() {
        let number = choices.next(of: 8)
        if number != 1 { gateway.stop() }
        if number != 0 {
            gateway.start(
                losingRecords: losesState && number > 4,
                losingOutsiders: losesState && number > 2
            )
        }
        judge()
    }

    private mutating func useHonestEnd() {
        switch choices.next(of: 8) {
        case 0:
            honest.close()
            isClosing = true
        case 1: honest.abort()
        case 2, 3: beginAnew()
        default:
            guard case .client(var client) = application else { return }
            client.plan(Attack.command(words, &choices))
            application = .client(client)
        }
    }
}

/// Right and wrong.
extension Attack {
    private mutating func judge() {
        for expectation in gateway.takeOpened() {
            openings += 1
            judge(expectation)
        }
    }

    /// Reports expectations that must not be open.
    private mutating func judge(_ expectation: Expectation) {
        guard complaint == nil, !rightful.contains(where: { $0 == expectation }) else { return }
        guard !isRightful(expectation) else {
            rightful.append(expectation)
            return
        }
        complaint =
            "\(expectation.kind) opens \(expectation.translatedTo) to \(expectation.from) against the \(side)"
    }

    private func isRightful(_ expectation: Expectation) -> Bool {
        let end = expectation.translatedTo
        let client = words.mapping.original.source.address
        let server = words.mapping.reply.source.address
        let (own, other) = side == .client ? (client, server) : (server, client)
        let isToHonestEnd = expectation.kind.isActive == (side == .client)
        guard end.address == (isToHonestEnd ? own : other),
            expectation.from == (isToHonestEnd ? other : own)
        else { return false }
        guard isToHonestEnd else {
            // A dishonest end may be reached anywhere, if it was asked or speaks to a server.
            return side == .server || asked.contains { $0 <= honest.sent } || isOfAdopted(nil)
        }
        return announced.contains { $0.port == end.port && $0.end <= honest.sent } || isOfAdopted(end.port)
    }

    /// Tells whether a connection whose beginning was out of sight has a line that announces a port, or asks for one.
    ///
    /// The position within a line is unknown when such a connection is first seen, so the end of a line counts as a line.
    private func isOfAdopted(_ port: UInt16?) -> Bool {
        guard gateway.mayBeAdopted else { return false }
        let text = honest.text[..<honest.sent]
        return text.split(separator: UInt8(ascii: "\n")).contains { line in
            line.indices.contains { start in
                "PELpel2".utf8.contains(line[start])
                    && announces(line[start...] + [UInt8(ascii: "\n")], port)
            }
        }
    }

    private func announces(_ text: ArraySlice<UInt8>, _ port: UInt16?) -> Bool {
        let line = Array(text)
        let family = words.mapping.original.source.address
        if let command = Command(parsing: line.span) {
            guard let port else { return command.verb.solicits != nil }
            return Announcement(command, in: line.span, on: family)?.port == port
        }
        guard let port, let reply = Reply(parsing: line.span) else { return false }
        return [.pasv, .epsv, .lpsv].contains { kind in
            reply.code == Announcement.code(of: kind)
                && Announcement(kind, in: line.span, on: family)?.port == port
        }
    }

    /// Complains of bytes of the honest end that are not its own, where nothing has to be rewritten.
    ///
    /// An end that acknowledges bytes it never received may be opened anything.
    private mutating func compare(_ segment: WireSegment) {
        guard complaint == nil, !hasLied, !gateway.hasEdited || side == .server,
            !segment.flags.contains(.rst)
        else { return }
        let start = Int(Int32(bitPattern: segment.firstByte &- honest.position(0)))
        for (index, byte) in segment.payload.enumerated() {
            let offset = start + index
            guard honest.text.indices.contains(offset), honest.text[offset] == byte else {
                complaint = "the \(side)'s bytes are not its own at \(offset)"
                return
            }
        }
        if start <= arrived { arrived = max(arrived, start + segment.payload.count) }
    }
}
