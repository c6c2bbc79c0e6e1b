// SPDX-License-Identifier: GPL-2.0-or-later

/// Dialogues: however the text of both sides is cut, repeated and delayed, each reads what it would have read uncut.
///
/// The input is a list of turns: two bytes that say who sends, where the text is cut and what happens to the segments, then
/// a text up to a line end. They are played uncut and in order first, and then cut in `variants` ways, which is what takes the
/// least time for each. No text is cut to more than a few pieces: the model test cuts at every byte.
@c(LLVMFuzzerTestOneInput)
public func fuzzDialogue(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Sound: libFuzzer's input is `count` bytes long and stays where it is during the call.
    let input = unsafe Span(_unsafeElements: UnsafeBufferPointer(start: start, count: count))
    let turns = Turn.all(in: input)
    var whole = Line()
    for turn in turns {
        whole.send(turn.text, fromClient: turn.isFromClient, Cuts(first: 0, size: turn.text.count))
    }
    for variant in 0..<variants {
        var cut = Line()
        for turn in turns { cut.send(turn.text, fromClient: turn.isFromClient, turn.cuts(variant)) }
        precondition(whole.toServer.received == cut.toServer.received, "the server reads something else")
        precondition(whole.toClient.received == cut.toClient.received, "the client reads something else")
        precondition(whole.opened == cut.opened, "something else opens")
    }
    return 0
}

private let variants: UInt8 = 8

/// What one side says at once.
private struct Turn {
    let isFromClient: Bool
    private let choice: UInt8
    private let size: UInt8
    let text: [UInt8]

    static func all(in input: Span<UInt8>) -> [Turn] {
        var turns: [Turn] = []
        var index = 0
        while index + 2 < input.count {
            let start = index
            var text: [UInt8] = []
            index += 2
            while index < input.count, text.last != UInt8(ascii: "\n") {
                text.append(input[index])
                index += 1
            }
            guard text.last == UInt8(ascii: "\n") else { break }
            turns.append(
                Turn(
                    isFromClient: input[start] & 1 == 0,
                    choice: input[start],
                    size: input[start + 1],
                    text: text
                )
            )
        }
        return turns
    }

    /// The first variant is what the input says, the others are what comes of it.
    func cuts(_ variant: UInt8) -> Cuts {
        let choice = choice ^ variant &* 0x36
        let size = Int(size &+ variant &* 0x1d)
        return Cuts(
            first: Int(choice >> 3) % text.count,
            size: max(1 + size % text.count, text.count / 3),
            repeats: choice & 2 != 0,
            swaps: choice & 4 != 0
        )
    }
}

/// What a network does to a text.
private struct Cuts {
    /// Bytes of the first segment if that is not 0, and of those behind it.
    let first: Int
    let size: Int
    /// Each segment comes twice.
    var repeats = false
    /// The first segment comes last.
    var swaps = false
}

/// A control connection behind SNAT and DNAT, over a network that a fuzzer rules.
private struct Line: ~Copyable {
    /// One direction, as its receiver sees it.
    struct Direction {
        var sent: UInt32 = 0xffff_ff00
        var acknowledged: UInt32 = 0xffff_ff00
        var expected: UInt32 = 0xffff_ff00
        var received: [UInt8] = []
    }

    private var tracker = Tracker(policy: Policy(), random: Fixed())
    private var output = Output()
    /// Storage for the packet under way.
    private var buffer: [UInt8] = []
    private(set) var toServer = Direction()
    private(set) var toClient = Direction()
    private(set) var opened: [Endpoint] = []

    static let mapping = Mapping(
        original: Tuple(
            source: Endpoint(.v4(0x0a01_0002), 40112),
            destination: Endpoint(.v4(0xcb00_7105), 21)
        ),
        reply: Tuple(source: Endpoint(.v4(0x0a02_0002), 21), destination: Endpoint(.v4(0x0a02_0064), 40112))
    )

    init() {
        tracker.noteEarlier(Line.mapping)
        tracker.learn(
            Line.mapping,
            hasKernelHelper: false,
            phase: .established,
            at: Instant(nanoseconds: 1),
            into: &output
        )
        // A segment without anything: the connection is adopted, and so taken as logged in.
        pass([], 0..<0, fromClient: true, at: toServer.sent) { _, _ in }
    }

    mutating func send(_ text: [UInt8], fromClient: Bool, _ cuts: Cuts) {
        let base = fromClient ? toServer.sent : toClient.sent
        let end = base &+ UInt32(text.count)
        if fromClient { toServer.sent = end } else { toClient.sent = end }
        var round = 0
        while (fromClient ? toServer.acknowledged : toClient.acknowledged) != end {
            precondition(round <= 3 * text.count + 3, "stalled")
            round += 1
            let start = Int((fromClient ? toServer.acknowledged : toClient.acknowledged) &- base)
            // The first round sends all, later ones what is not acknowledged, as a sender without SACK does.
            let first = round == 1 && cuts.first > 0 ? cuts.first : cuts.size
            let swaps = cuts.swaps && round == 1 && first < text.count
            var offset = swaps ? first : start
            while offset < text.count {
                let piece = offset..<min(offset + (offset == 0 ? first : cuts.size), text.count)
                carry(text, piece, fromClient: fromClient, at: base, twice: cuts.repeats)
                offset = piece.upperBound
            }
            if swaps { carry(text, 0..<first, fromClient: fromClient, at: base, twice: cuts.repeats) }
            // The receiver acknowledges what it has.
            let acknowledgement: UInt32? = pass(
                [],
                0..<0,
                fromClient: !fromClient,
                at: fromClient ? toClient.sent : toServer.sent
            ) {
                $1.acknowledgement.value
            }
            if let acknowledgement {
                let limit = fromClient ? toServer.sent : toClient.sent
                precondition(Int32(bitPattern: limit &- acknowledgement) >= 0, "more acknowledged than sent")
                if fromClient {
                    toServer.acknowledged = acknowledgement
                } else {
                    toClient.acknowledged = acknowledgement
                }
            }
        }
    }

    /// Brings a part of a text to its receiver, who takes what is new and in order.
    private mutating func carry(
        _ text: [UInt8],
        _ piece: Range<Int>,
        fromClient: Bool,
        at base: UInt32,
        twice: Bool
    ) {
        for _ in 0..<(twice ? 2 : 1) {
            let expected = fromClient ? toServer.expected : toClient.expected
            let fresh: ArraySlice<UInt8>? = pass(
                text,
                piece,
                fromClient: fromClient,
                at: base &+ UInt32(piece.lowerBound)
            ) {
                let known = Int(Int32(bitPattern: expected &- $1.sequence.value))
                guard known >= 0, known < $1.payloadCount else { return [] }
                return $0[$1.payloadOffset + known..<$1.end]
            }
            guard let fresh else { continue }
            if fromClient {
                toServer.received += fresh
                toServer.expected &+= UInt32(fresh.count)
            } else {
                toClient.received += fresh
                toClient.expected &+= UInt32(fresh.count)
            }
        }
    }

    /// Brings a segment through the tracker and reads what goes on; `nil` if nothing does.
    @discardableResult
    private mutating func pass<Result>(
        _ text: [UInt8],
        _ piece: Range<Int>,
        fromClient: Bool,
        at sequence: UInt32,
        _ read: ([UInt8], Segment) -> Result
    ) -> Result? {
        let acknowledgement = fromClient ? toClient.expected : toServer.expected
        var packet: [UInt8] = []
        swap(&packet, &buffer)
        defer { buffer = packet }
        packet.removeAll(keepingCapacity: true)
        packet += fromClient ? Line.clientHeader : Line.serverHeader
        Line.write(UInt32(0x4500 << 16 | 40 + piece.count), to: &packet, at: 0)
        Line.write(sequence, to: &packet, at: 24)
        Line.write(acknowledgement, to: &packet, at: 28)
        packet += text[piece]
        output.clear()
        let verdict = tracker.receive(packet.span, at: Instant(nanoseconds: 2), into: &output)
        for case .open(let expectation) in output.actions { opened.append(expectation.to) }
        switch verdict {
        case .accept: return (try? Segment(parsing: packet.span)).map { read(packet, $0) }
        case .replace: return (try? Segment(parsing: output.packet.span)).map { read(output.packet, $0) }
        case .drop, .needsMapping, .needsOrigin: return nil
        }
    }

    /// Writes a number in network order.
    private static func write(_ value: UInt32, to packet: inout [UInt8], at offset: Int) {
        for index in 0..<4 {
            packet[offset + index] = UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32(index)))
        }
    }

    /// The headers of a segment without payload, by their sender; the checksums are not right.
    private static let clientHeader = header(0x0a01_0002, 0xcb00_7105, 40112, 21)
    private static let serverHeader = header(0x0a02_0002, 0x0a02_0064, 21, 40112)

    private static func header(
        _ source: UInt32,
        _ destination: UInt32,
        _ sourcePort: UInt32,
        _ destinationPort: UInt32
    ) -> [UInt8] {
        [
            0, 0x4000, 0x4006_0000, source, destination, sourcePort << 16 | destinationPort, 0, 0,
            0x5018_ffff, 0,
        ].flatMap { (word: UInt32) in
            [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) }
        }
    }
}

private struct Fixed: RandomNumberGenerator {
    func next() -> UInt64 { 0x1234_5678_9abc_def0 }
}
