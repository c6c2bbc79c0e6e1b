// SPDX-License-Identifier: GPL-2.0-or-later

/// Packets: whatever comes gets a verdict, and what goes on in its place is a segment of the same connection whose
/// checksum is as right or wrong as before.
///
/// An error message goes on as one that quotes other numbers.
@c(LLVMFuzzerTestOneInput)
public func fuzzPacket(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Sound: libFuzzer's input is `count` bytes long and stays where it is during the call.
    let packet = unsafe Span(_unsafeElements: UnsafeBufferPointer(start: start, count: count))
    if let quoted = QuotedSegment(parsing: packet) {
        var rewritten: [UInt8] = []
        quoted.rewrite(
            packet,
            sequence: SequenceNumber(1),
            acknowledgement: SequenceNumber(2),
            into: &rewritten
        )
        precondition(rewritten.count == packet.count && QuotedSegment(parsing: rewritten.span) != nil)
    }
    guard let segment = try? Segment(parsing: packet) else { return 0 }
    precondition(segment.tcpOffset + 20 <= segment.payloadOffset && segment.payloadOffset <= segment.end)
    precondition(segment.end <= packet.count)
    precondition(segment.sackOffset + segment.sackCount * 8 <= segment.payloadOffset)

    // A connection behind NAT that the packet belongs to, from the side that its source port tells.
    let isFromClient = segment.tuple.source.port & 1 == 0
    let shown: IPAddress =
        if case .v4 = segment.tuple.source.address { .v4(0x0102_0304) } else { .v6(high: 1, low: 1) }
    let mapping =
        isFromClient
        ? Mapping(
            original: segment.tuple,
            reply: Tuple(source: segment.tuple.destination, destination: Endpoint(shown, 7))
        )
        : Mapping(
            original: Tuple(source: Endpoint(shown, 7), destination: segment.tuple.source),
            reply: segment.tuple
        )
    var tracker = Tracker(policy: Policy(), random: SystemRandomNumberGenerator())
    var output = Output()
    tracker.noteEarlier(mapping)
    tracker.learn(
        mapping,
        hasKernelHelper: false,
        phase: .established,
        at: Instant(nanoseconds: 1),
        into: &output
    )
    for _ in 0..<2 {
        output.clear()
        guard tracker.receive(packet, at: Instant(nanoseconds: 1), into: &output) == .replace else {
            continue
        }
        guard let sent = try? Segment(parsing: output.packet.span) else {
            fatalError("the packet sent on is none")
        }
        precondition(sent.tuple == segment.tuple && sent.end == output.packet.count)
        precondition(
            error(output.packet.span, sent) == error(packet, segment),
            "the checksum changed its mind"
        )
    }
    return 0
}

/// What a TCP checksum is off by: 0 if it is right.
private func error(_ packet: Span<UInt8>, _ segment: Segment) -> UInt16 {
    let addresses = packet[0] >> 4 == 4 ? 12..<20 : 8..<40
    let tcp = segment.tcpOffset..<segment.end
    return Checksum.fold(Checksum.sum(packet, tcp) + Checksum.sum(packet, addresses) + 6 + UInt64(tcp.count))
        % 0xffff
}
