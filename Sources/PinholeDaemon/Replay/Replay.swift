package import Captures
package import FTPHelper

/// What Pinhole would have made of the packets in a capture, had it stood there and only looked on.
///
/// It sees the connections as a transit observer without NAT does: nothing is rewritten, and every address is what it says. Where
/// the capture has the two directions from the two sides of a NAT, they are put together again.
/// Time is that of the capture; where time stamps go back, it stands still. There is no conntrack to ask: a connection is there
/// until it ends, and fragments, which it would have put together, are passed over.
package struct Replay: ~Copyable {
    /// How control connections are known.
    package enum Selection: Hashable, Sendable {
        /// By a port, of either side.
        case ports(Set<UInt16>)
        /// By what is said in them; their events come once they are known, each with the frame that led to it.
        case content
    }

    private let selection: Selection
    private let linkType: LinkType
    private var tracker: Tracker
    private var search = ControlSearch()
    private var translations = Translations()
    private var output = Output()
    private var now = Instant(nanoseconds: 0)
    private var records: [EventRecord] = []
    /// Who has sent a SYN from one control port to another: the tuples of their packets.
    private var clients: Set<Tuple> = []

    package init(_ linkType: LinkType, _ selection: Selection) {
        self.linkType = linkType
        self.selection = selection
        tracker = Tracker(policy: Policy(), rewrites: false)
    }

    /// Takes the next frame of the capture; what its time brings, such as an expiry, is put down to it too.
    package mutating func receive(_ frame: CaptureFile.Frame, _ bytes: borrowing Span<UInt8>) {
        now = max(now, Instant(nanoseconds: frame.nanoseconds))
        if let deadline = tracker.nextDeadline, deadline <= now {
            tracker.fire(at: now, into: &output)
            record(frame)
        }
        guard let range = linkType.packet(in: bytes) else { return }
        let packet = bytes.extracting(range)
        if let repaired = CapturedPacket.repaired(packet, missing: frame.size - bytes.count) {
            route(repaired.span, frame)
        } else {
            route(packet, frame)
        }
    }

    /// Hands over the events since the last call, in the order in which they came to be known, and forgets them.
    package mutating func takeRecords() -> [EventRecord] {
        defer { records.removeAll(keepingCapacity: true) }
        return records
    }

    /// Does with a packet what the firewall's rules would have had done with it.
    private mutating func route(_ packet: Span<UInt8>, _ frame: CaptureFile.Frame) {
        guard let segment = try? Segment(parsing: packet) else { return }
        translations.receive(segment)
        switch selection {
        case .ports(let ports):
            let isFromControl = ports.contains(segment.tuple.source.port)
            let isToControl = ports.contains(segment.tuple.destination.port)
            switch (isFromControl, isToControl) {
            case (false, false): data(packet, frame)
            case (true, true): controlBetweenControlPorts(packet, segment, frame)
            default: control(packet, segment, isFromServer: isFromControl, frame)
            }
        case .content:
            if !data(packet, frame) { find(packet, segment, frame) }
        }
    }

    /// Takes the SYN of a data connection; `false` if it is not one.
    @discardableResult
    private mutating func data(_ packet: Span<UInt8>, _ frame: CaptureFile.Frame) -> Bool {
        guard let connection = tracker.expected(packet) else { return false }
        tracker.confirm(connection, at: now, into: &output)
        record(frame)
        return true
    }

    /// Takes a packet of which only the handshake, or else the order of packets, can tell who is the client.
    private mutating func controlBetweenControlPorts(
        _ packet: Span<UInt8>,
        _ segment: Segment,
        _ frame: CaptureFile.Frame
    ) {
        if segment.flags.contains(.syn), !segment.flags.contains(.ack),
            clients.count < tracker.policy.maximumConnections
        {
            clients.insert(segment.tuple)
        }
        control(packet, segment, isFromServer: false, frame)
    }

    /// Takes a packet from or to a control port; `isFromServer` is what the ports say, and the handshake says it better.
    private mutating func control(
        _ packet: Span<UInt8>,
        _ segment: Segment,
        isFromServer: Bool,
        _ frame: CaptureFile.Frame
    ) {
        let isHandshake = segment.flags.contains(.syn)
        let isAnswer = isHandshake ? segment.flags.contains(.ack) : isFromServer
        let isKnownAnswer = clients.contains(segment.tuple.inverted)
        let direction = translations.direction(of: segment)
        let client = isAnswer || isKnownAnswer ? direction.inverted : direction
        receive(packet, segment, client: client)
        record(frame)
    }

    /// Takes a packet of a control connection, which a capture may have from its middle on.
    private mutating func receive(_ packet: Span<UInt8>, _ segment: Segment, client: Tuple) {
        let mapping = translations.mapping(of: client)
        let isHandshake = segment.flags.contains(.syn)
        if !isHandshake { tracker.noteEarlier(mapping) }
        guard case .needsMapping = tracker.receive(packet, at: now, into: &output) else { return }
        tracker.learn(
            mapping,
            isHelped: false,
            phase: isHandshake ? .opening : .established,
            at: now,
            into: &output
        )
        _ = tracker.receive(packet, at: now, into: &output)
    }

    /// Takes a packet of any connection: to follow it, or to find out whether it is to be followed.
    private mutating func find(_ packet: Span<UInt8>, _ segment: Segment, _ frame: CaptureFile.Frame) {
        var isUnknown = !tracker.follows(segment)
        if !isUnknown {
            let verdict = tracker.receive(packet, at: now, into: &output)
            record(frame)
            // A tuple that is used again begins anew, as an unknown one does.
            if case .needsMapping = verdict {
                isUnknown = true
                let client = translations.direction(of: segment).inverted
                tracker.end(translations.mapping(of: client), at: now, into: &output)
                record(frame)
            }
        }
        guard isUnknown, segment.flags.contains(.ack), !segment.flags.contains(.rst) else {
            // A SYN, an RST, or a packet of a control connection.
            search.forget(translations.direction(of: segment))
            return
        }
        guard let finding = search.receive(packet, segment, translations.direction(of: segment), frame) else {
            return
        }
        for packet in finding.packets {
            guard let segment = try? Segment(parsing: packet.bytes.span) else { continue }
            receive(packet.bytes.span, segment, client: finding.client)
            record(packet.frame)
        }
    }

    /// Keeps what there is to tell of a frame.
    private mutating func record(_ frame: CaptureFile.Frame) {
        // Nobody has counted what went over data connections.
        for case .measure(let transfer) in output.actions {
            tracker.measured(transfer, nil, isOver: true, at: now, into: &output)
        }
        for case .report(let event) in output.actions {
            // A full table is told of with the next connection, which need not be a control connection.
            if case .refused(let refusal) = event, refusal.reason == .tableFull, selection == .content {
                continue
            }
            let time = Double(frame.nanoseconds) / 1e9
            records.append(EventRecord(event, time: time, instant: now, frame: frame.number))
        }
        output.clear()
    }
}
