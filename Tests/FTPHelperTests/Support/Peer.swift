// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// One end of a simulated TCP connection: sends what it is given, in any segments, and acknowledges what it gets.
///
/// It behaves as a real stack does where that matters here: it never sends again what was selectively acknowledged, has no
/// more than a few segments of its own under way, and after a timeout repeats only what it has sent already.
struct Peer {
    /// A segment on its way.
    struct Packet {
        var side: Session.Side
        var bytes: [UInt8]
        /// Its place in the order of sending.
        var number = -1
    }

    let side: Session.Side
    let tuple: Tuple
    /// Segments that may be under way before an acknowledgement is needed, as a congestion window has it.
    let window: Int
    /// Number of the first byte it sends, and of the first byte it gets.
    private let sendBase: UInt32
    private let receiveBase: UInt32

    /// All it has been given to send.
    var text: [UInt8] = []
    var isClosing = false
    /// Offsets in `text`: how far it is acknowledged and how far it is sent.
    private(set) var acknowledged = 0
    private(set) var sent = 0
    private var sacked: Set<Int> = []
    private var flight: [Int] = []
    private var hasSentFIN = false

    /// All it has received, in order.
    private(set) var received: [UInt8] = []
    private var early: [Int: UInt8] = [:]
    private var finAt: Int?
    private(set) var hasReceivedFIN = false
    /// Whether packets may come with numbers that this end does not know, which it ignores.
    var mayBeOutOfStep = false
    /// What went wrong, as a sentence.
    private(set) var complaint: String?

    init(_ side: Session.Side, tuple: Tuple, sendBase: UInt32, receiveBase: UInt32, window: Int) {
        self.side = side
        self.tuple = tuple
        self.sendBase = sendBase
        self.receiveBase = receiveBase
        self.window = window
    }

    /// Grows with all that comes to pass.
    var progress: Int { sent + acknowledged + received.count + sacked.count }

    var isDone: Bool { acknowledged == text.count + (isClosing ? 1 : 0) }

    /// Sends new bytes while the window allows it; `cut` chooses from the rest how many to send.
    mutating func sendNew(_ cut: (Int) -> Int) -> [Packet] {
        var packets: [Packet] = []
        while sent < text.count, flight.count < window {
            let count = max(1, min(cut(text.count - sent), text.count - sent))
            packets.append(segment(sent, count, fin: isClosing && sent + count == text.count))
            sent += count
            flight.append(sent)
        }
        if isClosing, sent == text.count, !hasSentFIN, flight.count < window {
            packets.append(segment(sent, 0, fin: true))
        }
        return packets
    }

    /// Sends unacknowledged bytes again, without those selectively acknowledged.
    mutating func sendAgain(_ cut: (Int) -> Int) -> [Packet] {
        guard !isDone else { return [] }
        var start = acknowledged
        while sacked.contains(start) { start += 1 }
        guard start < sent else { return hasSentFIN ? [segment(sent, 0, fin: true)] : [] }
        let count = max(1, min(cut(sent - start), sent - start))
        return [segment(start, count, fin: hasSentFIN && start + count == text.count)]
    }

    /// A keep-alive: one byte before what would be sent next, with or without a byte of rubbish; `nil` while not all
    /// is acknowledged.
    func keepAlive(withByte: Bool) -> Packet? {
        guard sent > 0, acknowledged == sent, !hasSentFIN else { return nil }
        return packet(sequence: sendBase &+ UInt32(sent) &- 1, flags: [.ack], payload: withByte ? [0] : [])
    }

    /// Some of what it has sent, again, whether or not it was acknowledged; `nil` if there is nothing.
    func repetition(_ random: inout Seeded) -> Packet? {
        guard sent > 0 else { return nil }
        let start = Int.random(in: max(sent - 60, 0)..<sent, using: &random)
        let end = Int.random(in: start + 1...sent, using: &random)
        return packet(
            sequence: sendBase &+ UInt32(start),
            flags: [.ack],
            payload: Array(text[start..<end])
        )
    }

    private mutating func segment(_ start: Int, _ count: Int, fin: Bool) -> Packet {
        if fin { hasSentFIN = true }
        let flags: TCPFlags = fin ? [.ack, .psh, .fin] : [.ack, .psh]
        return packet(
            sequence: sendBase &+ UInt32(start),
            flags: flags,
            payload: Array(text[start..<start + count])
        )
    }

    private var acknowledgement: UInt32 { receiveBase &+ UInt32(received.count) &+ (hasReceivedFIN ? 1 : 0) }

    private func packet(sequence: UInt32, flags: TCPFlags, payload: [UInt8]) -> Packet {
        var builder = PacketBuilder(
            tuple: tuple,
            sequence: sequence,
            acknowledgement: acknowledgement,
            flags: flags,
            payload: payload
        )
        if let first = early.keys.min() {
            var last = first
            while early[last + 1] != nil { last += 1 }
            let edges = [receiveBase &+ UInt32(first), receiveBase &+ UInt32(last + 1)]
            builder.options =
                [1, 1, 5, 10]
                + edges.flatMap { edge in
                    (0..<4).map { UInt8(truncatingIfNeeded: edge >> UInt32(24 - 8 * $0)) }
                }
        }
        return Packet(side: side, bytes: builder.bytes)
    }

    /// Gets a packet; returns the acknowledgement it answers with, if any.
    mutating func receive(_ bytes: [UInt8]) -> Packet? {
        guard hasRightChecksums(bytes), let segment = try? Segment(parsing: bytes.span) else {
            complaint = "a damaged packet came"
            return nil
        }
        // As `tcp_ack` in net/ipv4/tcp_input.c.
        guard !mayBeOutOfStep || acknowledgedOffset(in: segment) <= limit else { return nil }
        takeAcknowledgement(segment, bytes)
        let offset = Int(Int32(bitPattern: segment.sequence.value &- receiveBase))
        let count = segment.payloadCount
        let hasFIN = segment.flags.contains(.fin)
        guard count > 0 || hasFIN || offset < received.count else { return nil }
        for index in 0..<count where offset + index >= received.count {
            early[offset + index] = bytes[segment.payloadOffset + index]
        }
        if hasFIN { finAt = offset + count }
        while let byte = early.removeValue(forKey: received.count) { received.append(byte) }
        if finAt == received.count { hasReceivedFIN = true }
        return packet(sequence: sendBase &+ UInt32(sent) &+ (hasSentFIN ? 1 : 0), flags: [.ack], payload: [])
    }

    /// Offset behind everything that it has sent.
    private var limit: Int { sent + (hasSentFIN ? 1 : 0) }

    private func acknowledgedOffset(in segment: Segment) -> Int {
        Int(Int32(bitPattern: segment.acknowledgement.value &- sendBase))
    }

    private mutating func takeAcknowledgement(_ segment: Segment, _ bytes: [UInt8]) {
        let offset = acknowledgedOffset(in: segment)
        if offset > limit { complaint = "\(offset) bytes acknowledged of \(limit) sent" }
        acknowledged = max(acknowledged, min(offset, limit))
        flight.removeAll { $0 <= acknowledged }
        for block in 0..<segment.sackCount {
            let at = segment.sackOffset + block * 8
            let edges = [at, at + 4].map { edge in
                Int(Int32(bitPattern: bytes[edge..<edge + 4].reduce(0) { $0 << 8 | UInt32($1) } &- sendBase))
            }
            guard edges[0] < edges[1], edges[1] <= limit else {
                guard !mayBeOutOfStep else { continue }
                complaint = "a SACK block of \(edges) with \(limit) sent"
                continue
            }
            sacked.formUnion(max(edges[0], 0)..<edges[1])
        }
    }
}
