// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// The attacker.
extension Attack {
    mutating func act() {
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
    var next: UInt32 {
        switch honest.state {
        case .listening, .synSent, .closed: attackerInitial
        case .synReceived, .established: honest.receiveNext
        }
    }

    /// A segment as an honest end would send it now.
    func segment(_ flags: TCPFlags, _ payload: [UInt8] = []) -> WireSegment {
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
    func window(behind acknowledgement: UInt32) -> UInt16 {
        guard let limit else { return 0xffff }
        return UInt16(clamping: Int(Int32(bitPattern: honest.position(limit) &- acknowledgement)))
    }

    /// Does what an honest end would do.
    mutating func cooperate(_ line: [UInt8]) {
        switch honest.state {
        case .listening: transmit(segment(.syn), isDelivered: true)
        case .synSent: transmit(segment([.syn, .ack]), isDelivered: true)
        case .synReceived: transmit(segment(.ack), isDelivered: true)
        case .established, .closed: transmit(segment([.ack, .psh], line), isDelivered: true)
        }
    }

    /// What it says: a line of a client or a server, whichever it is, a part of one, or anything.
    mutating func line() -> [UInt8] {
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
    mutating func newLimit() -> Int? {
        let number = choices.next(of: 16)
        switch number {
        case 0...4: return nil
        case 5...11: return markOffset()
        default: return honest.sent + [0, 1, 7, 40][number - 12]
        }
    }

    /// A number that means something, or one near it.
    mutating func number(_ bases: [UInt32]) -> UInt32 {
        let deltas = [1, -1, 2, -2, 7, -7, 40, -40, 100, -100, 1000, -1000, 1 << 24, 1 << 30, -1 << 30]
        let base = bases[choices.next(of: bases.count)]
        let number = choices.next(of: 4 * deltas.count)
        return number < deltas.count ? base &+ UInt32(truncatingIfNeeded: deltas[number]) : base
    }

    /// Sends anything.
    mutating func forge(isDelivered: Bool) {
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

    mutating func markOffset() -> Int {
        marks.isEmpty ? 0 : marks[choices.next(of: marks.count)]
    }

    /// Acknowledges up to where something begins that it has chosen, whatever has come of it.
    mutating func acknowledgeMark() {
        var answer = segment(honest.state == .synSent ? [.syn, .ack] : .ack)
        answer.acknowledgement = honest.position(markOffset())
        answer.window = window(behind: answer.acknowledgement)
        transmit(answer, isDelivered: choices.next(of: 2) == 0)
    }

    /// Sends again what it has sent before, or something else in its place.
    mutating func repeatSegment() {
        guard !sent.isEmpty else { return }
        var segment = sent[choices.next(of: sent.count)]
        if choices.next(of: 2) == 1 { segment.payload = line() }
        transmit(segment, isDelivered: choices.next(of: 2) == 0)
    }

    /// Sends a segment, which goes beyond the gateway or not.
    mutating func transmit(_ segment: WireSegment, isDelivered: Bool) {
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
    mutating func retransmit() {
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
    mutating func disturb() {
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
    mutating func interfere() {
        switch choices.next(of: 6) {
        case 0, 1: gateway.flushConntrack()
        case 2: gateway.wait(seconds: 16)
        case 3: gateway.wait(seconds: 121)
        case 4: gateway.wait(seconds: 310)
        default: gateway.survey()
        }
        judge()
    }

    mutating func changeDaemon() {
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

    mutating func useHonestEnd() {
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
