// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// An end of a connection that does what RFC 9293 and RFC 5961 say, whatever it is sent; where they leave a choice, as Linux does.
struct HonestTCP {
    enum State { case closed, listening, synSent, synReceived, established }

    private(set) var state: State
    /// Sequence number of its SYN.
    let initial: UInt32
    private let segmentSize: Int
    /// All that its application has given it.
    private(set) var text: [UInt8] = []
    /// Offsets in `text`: acknowledged, to be sent next, and ever sent.
    private(set) var acknowledged = 0
    private var next = 0
    private(set) var sent = 0
    /// What the other end has room for, beyond what it has acknowledged.
    private var window = 0
    private var isClosing = false
    private var hasSentFIN = false

    /// Sequence number of the first byte that it is to get.
    private var receiveInitial: UInt32 = 0
    private var receivedCount = 0
    private var early: [(offset: Int, bytes: [UInt8])] = []
    private var finOffset: Int?
    private var hasReceivedFIN = false
    /// What its application has not read yet.
    private var unread: [UInt8] = []
    /// Sent packets that are still in flight.
    private var outbox: [WireSegment] = []

    private static let receiveWindow = 0xffff

    /// A server's end listens, a client's is to `connect`.
    init(isServer: Bool, initial: UInt32, segmentSize: Int) {
        state = isServer ? .listening : .closed
        self.initial = initial
        self.segmentSize = segmentSize
    }

    /// Sequence number of what it would send next.
    var sendNext: UInt32 {
        initial &+ (state == .listening || state == .closed && sent == 0 ? 0 : 1)
            &+ UInt32(state == .synSent ? sent : next)
            &+ (hasSentFIN ? 1 : 0)
    }
    /// Sequence number of what it is to get next.
    var receiveNext: UInt32 { receiveInitial &+ UInt32(receivedCount) &+ (hasReceivedFIN ? 1 : 0) }
    var unacknowledged: UInt32 { position(acknowledged) }
    var isEstablished: Bool { state == .established }

    /// Sequence number of a byte of `text`.
    func position(_ offset: Int) -> UInt32 { initial &+ 1 &+ UInt32(truncatingIfNeeded: offset) }

    /// Hands over what it has sent.
    mutating func takeSent() -> [WireSegment] {
        guard !outbox.isEmpty else { return [] }
        defer { outbox.removeAll(keepingCapacity: true) }
        return outbox
    }

    /// Returns the bytes that have arrived for its application.
    mutating func takeReceived() -> [UInt8] {
        guard !unread.isEmpty else { return [] }
        defer { unread = [] }
        return unread
    }
}

/// What its application and its clock make it do.
extension HonestTCP {
    /// Sends a SYN, with the first bytes of the text if it may open fast.
    mutating func connect(opensFast: Bool) {
        state = .synSent
        if opensFast { sent = min(text.count, segmentSize) }
        outbox.append(syn)
    }

    private var syn: WireSegment {
        var syn = WireSegment(sequence: initial, flags: [.syn])
        syn.payload = Array(text[..<sent])
        syn.isFastOpen = sent > 0
        return syn
    }

    private var synAck: WireSegment {
        WireSegment(sequence: initial, acknowledgement: receiveNext, flags: [.syn, .ack])
    }

    mutating func send(_ bytes: [UInt8]) {
        guard !isClosing else { return }
        text += bytes
    }

    mutating func close() { isClosing = true }

    mutating func abort() {
        guard state == .established else { return }
        outbox.append(WireSegment(sequence: sendNext, acknowledgement: receiveNext, flags: [.rst, .ack]))
        state = .closed
    }

    /// Sends new bytes as far as the other end has room for them.
    mutating func transmit() {
        guard state == .established else { return }
        let end = min(text.count, acknowledged + window)
        // No more than a congestion window has room for.
        var room = 10
        while next < end, room > 0 {
            room -= 1
            let count = min(segmentSize, end - next)
            outbox.append(segment(next, count))
            next += count
            sent = max(sent, next)
        }
        if isClosing, next == text.count, !hasSentFIN {
            hasSentFIN = true
            outbox.append(
                WireSegment(
                    sequence: position(next),
                    acknowledgement: receiveNext,
                    flags: [.fin, .ack]
                )
            )
        }
    }

    /// Retransmits unacknowledged bytes, from the first one on, at most so many.
    mutating func retransmit(_ limit: Int) {
        switch state {
        case .synSent: outbox.append(syn)
        case .synReceived: outbox.append(synAck)
        case .established:
            let count = min(limit, sent - acknowledged)
            guard count > 0 else { return keepAlive() }
            outbox.append(segment(acknowledged, count))
        case .closed, .listening: break
        }
    }

    /// Sends something that the other end has already (RFC 9293, section 3.8.4).
    mutating func keepAlive() {
        guard state == .established else { return }
        outbox.append(
            WireSegment(sequence: sendNext &- 1, acknowledgement: receiveNext, flags: [.ack])
        )
    }

    private func segment(_ offset: Int, _ count: Int) -> WireSegment {
        WireSegment(
            sequence: position(offset),
            acknowledgement: receiveNext,
            flags: [.ack, .psh],
            payload: Array(text[offset..<offset + count])
        )
    }
}

/// Processes a received segment (RFC 9293, section 3.10.7).
extension HonestTCP {
    mutating func receive(_ segment: WireSegment) {
        switch state {
        case .closed: refuse(segment)
        case .listening:
            guard !segment.flags.contains(.rst) else { return }
            guard !segment.flags.contains(.ack) else { return refuse(segment) }
            guard segment.flags.contains(.syn) else { return }
            begin(with: segment)
            state = .synReceived
            outbox.append(synAck)
        case .synSent: receiveInSynSent(segment)
        case .synReceived, .established: receiveSynchronised(segment)
        }
    }

    private mutating func begin(with syn: WireSegment) {
        receiveInitial = syn.sequence &+ 1
        window = Int(syn.window)
    }

    private mutating func receiveInSynSent(_ segment: WireSegment) {
        let hasACK = segment.flags.contains(.ack)
        let offset = distance(from: initial, to: segment.acknowledgement)
        guard !hasACK || offset > 0 && offset <= sent + 1 else {
            if !segment.flags.contains(.rst) { refuse(segment) }
            return
        }
        guard !segment.flags.contains(.rst) else {
            if hasACK { state = .closed }
            return
        }
        guard segment.flags.contains(.syn) else { return }
        // What a SYN-ACK carries is not taken.
        begin(with: segment)
        guard hasACK else {
            state = .synReceived
            outbox.append(synAck)
            return
        }
        state = .established
        acknowledged = offset - 1
        next = acknowledged
        acknowledge()
    }

    private mutating func receiveSynchronised(_ segment: WireSegment) {
        let offset = distance(from: receiveNext, to: segment.sequence)
        let length = distance(from: segment.sequence, to: segment.end)
        guard offset + length >= 0, offset <= HonestTCP.receiveWindow else {
            if !segment.flags.contains(.rst) { acknowledge() }
            return
        }
        guard !segment.flags.contains(.rst) else {
            if offset == 0 { state = .closed } else { acknowledge() }
            return
        }
        guard !segment.flags.contains(.syn) else {
            guard state == .synReceived, segment.sequence &+ 1 == receiveInitial else { return acknowledge() }
            guard segment.flags.contains(.ack) else {
                outbox.append(synAck)
                return
            }
            guard segment.acknowledgement == initial &+ 1 else { return refuse(segment) }
            state = .established
            window = Int(segment.window)
            acknowledge()
            return
        }
        guard segment.flags.contains(.ack) else { return }
        if state == .synReceived {
            guard segment.acknowledgement == initial &+ 1 else { return refuse(segment) }
            state = .established
        }
        let confirmed = distance(from: position(0), to: segment.acknowledgement)
        guard confirmed <= sent + (hasSentFIN ? 1 : 0), confirmed >= acknowledged - 0xffff else {
            return acknowledge()
        }
        acknowledged = max(acknowledged, min(confirmed, sent))
        next = max(next, acknowledged)
        window = Int(segment.window)
        take(segment, offset)
    }

    /// Puts a payload where it belongs; the first copy of a byte counts.
    private mutating func take(_ segment: WireSegment, _ offset: Int) {
        let count = segment.payload.count
        let hasFIN = segment.flags.contains(.fin)
        guard count > 0 || hasFIN, !hasReceivedFIN else { return }
        let start = receivedCount + offset
        if hasFIN { finOffset = start + count }
        if count > 0 { early.append((start, segment.payload)) }
        var isGrowing = true
        while isGrowing {
            isGrowing = false
            for (index, piece) in early.enumerated() where piece.offset <= receivedCount {
                early.remove(at: index)
                let known = receivedCount - piece.offset
                if known < piece.bytes.count {
                    unread += piece.bytes[known...]
                    receivedCount += piece.bytes.count - known
                }
                isGrowing = true
                break
            }
        }
        if finOffset == receivedCount { hasReceivedFIN = true }
        acknowledge()
    }

    private mutating func acknowledge() {
        outbox.append(WireSegment(sequence: sendNext, acknowledgement: receiveNext, flags: [.ack]))
    }

    /// Answers what belongs to no connection.
    private mutating func refuse(_ segment: WireSegment) {
        guard !segment.flags.contains(.rst) else { return }
        if segment.flags.contains(.ack) {
            outbox.append(WireSegment(sequence: segment.acknowledgement, flags: [.rst]))
        } else {
            outbox.append(WireSegment(sequence: 0, acknowledgement: segment.end, flags: [.rst, .ack]))
        }
    }

    private func distance(from start: UInt32, to end: UInt32) -> Int {
        Int(Int32(bitPattern: end &- start))
    }
}
