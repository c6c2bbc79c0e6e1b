/// Dialogues: however the text of both sides is cut, repeated and delayed, each reads what it would have read uncut.
///
/// The input is a list of turns: a byte that says who sends how many bytes at a time and what happens to the segments, then
/// a text up to a line end. The same turns are played twice, whole lines in order and cut to pieces, and compared.
@c(LLVMFuzzerTestOneInput)
public func fuzzDialogue(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Sound: libFuzzer's input is `count` bytes long and stays where it is during the call.
    let input = unsafe Span(_unsafeElements: UnsafeBufferPointer(start: start, count: count))
    guard input.count < 200 else { return 0 }
    var whole = Line()
    var cut = Line()
    var index = 0
    while index < input.count {
        let choice = input[index]
        index += 1
        var text: [UInt8] = []
        while index < input.count {
            text.append(input[index])
            index += 1
            if text.last == UInt8(ascii: "\n") { break }
        }
        guard text.last == UInt8(ascii: "\n") else { break }
        whole.send(text, fromClient: choice & 1 == 0, size: text.count, repeats: false, swaps: false)
        cut.send(
            text,
            fromClient: choice & 1 == 0,
            size: Int(choice >> 4) + 1,
            repeats: choice & 2 != 0,
            swaps: choice & 4 != 0
        )
    }
    precondition(whole.toServer.received == cut.toServer.received, "the server reads something else")
    precondition(whole.toClient.received == cut.toClient.received, "the client reads something else")
    precondition(whole.opened == cut.opened, "something else opens")
    return 0
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
    private var packet: [UInt8] = []
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
        tracker.learn(Line.mapping, isHelped: false, at: Instant(nanoseconds: 1), into: &output)
        // A segment without anything: the connection is adopted, and so taken as logged in.
        _ = pass([], fromClient: true, at: toServer.sent)
    }

    mutating func send(_ text: [UInt8], fromClient: Bool, size: Int, repeats: Bool, swaps: Bool) {
        let base = fromClient ? toServer.sent : toClient.sent
        let end = base &+ UInt32(text.count)
        if fromClient { toServer.sent = end } else { toClient.sent = end }
        var round = 0
        while (fromClient ? toServer.acknowledged : toClient.acknowledged) != end {
            precondition(round <= 3 * text.count + 3, "stalled")
            round += 1
            let start = Int((fromClient ? toServer.acknowledged : toClient.acknowledged) &- base)
            // The first round sends all, later ones what is not acknowledged, as a sender without SACK does.
            var offsets = Array(stride(from: start, to: text.count, by: size))
            if swaps, round == 1, offsets.count > 1 { offsets.swapAt(0, offsets.count - 1) }
            for offset in offsets {
                let piece = Array(text[offset..<min(offset + size, text.count)])
                for _ in 0..<(repeats ? 2 : 1) {
                    deliver(
                        pass(piece, fromClient: fromClient, at: base &+ UInt32(offset)),
                        fromClient: fromClient
                    )
                }
            }
            // The receiver acknowledges what it has.
            if let answer = pass([], fromClient: !fromClient, at: fromClient ? toClient.sent : toServer.sent),
                let segment = try? Segment(parsing: answer.span)
            {
                let value = segment.acknowledgement.value
                let limit = fromClient ? toServer.sent : toClient.sent
                precondition(Int32(bitPattern: limit &- value) >= 0, "more acknowledged than sent")
                if fromClient { toServer.acknowledged = value } else { toClient.acknowledged = value }
            }
        }
    }

    private mutating func deliver(_ packet: [UInt8]?, fromClient: Bool) {
        guard let packet, let segment = try? Segment(parsing: packet.span) else { return }
        let expected = fromClient ? toServer.expected : toClient.expected
        let known = Int(Int32(bitPattern: expected &- segment.sequence.value))
        guard known >= 0, known < segment.payloadCount else { return }
        let fresh = packet[segment.payloadOffset + known..<segment.end]
        if fromClient {
            toServer.received += fresh
            toServer.expected &+= UInt32(fresh.count)
        } else {
            toClient.received += fresh
            toClient.expected &+= UInt32(fresh.count)
        }
    }

    /// Brings a segment through the tracker; `nil` if it goes no further.
    private mutating func pass(_ payload: [UInt8], fromClient: Bool, at sequence: UInt32) -> [UInt8]? {
        let acknowledgement = fromClient ? toClient.expected : toServer.expected
        let tuple = fromClient ? Line.mapping.original : Line.mapping.reply
        guard case (.v4(let source), .v4(let destination)) = (tuple.source.address, tuple.destination.address)
        else { return nil }
        packet.removeAll(keepingCapacity: true)
        append(0x4500 << 16 | UInt32(40 + payload.count))
        append(0x4000)
        append(0x4006_0000)
        append(source)
        append(destination)
        append(UInt32(tuple.source.port) << 16 | UInt32(tuple.destination.port))
        append(sequence)
        append(acknowledgement)
        append(0x5018_ffff)
        append(0)
        packet += payload
        let packet = packet
        output.clear()
        let verdict = tracker.receive(packet.span, at: Instant(nanoseconds: 2), into: &output)
        for case .open(let expectation) in output.actions { opened.append(expectation.to) }
        switch verdict {
        case .accept: return packet
        case .replace: return output.packet
        case .drop, .needsMapping: return nil
        }
    }

    /// Appends a number in network order.
    private mutating func append(_ value: UInt32) {
        for shift: UInt32 in [24, 16, 8, 0] { packet.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}

private struct Fixed: RandomNumberGenerator {
    func next() -> UInt64 { 0x1234_5678_9abc_def0 }
}
