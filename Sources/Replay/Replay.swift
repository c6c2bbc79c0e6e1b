// SPDX-License-Identifier: GPL-2.0-or-later
package import Captures
package import FTPHelper
package import PinholeDaemon

/// Runs the packets of a capture through the tracker and collects the events.
///
/// It acts as a passive observer without NAT: nothing is rewritten. If the capture has the two directions of a connection from the
/// two sides of a NAT, they are matched again (`Translations`).
///
/// Time comes from the capture, and never goes back. There is no conntrack: a connection lasts until it ends, and IP fragments
/// are skipped.
package struct Replay: ~Copyable {
    /// How control connections are recognised.
    package enum Selection: Hashable, Sendable {
        /// By the port of either side.
        case ports(Set<UInt16>)
        /// By their contents. Events come once a connection is recognised, each with its own frame number.
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
    /// Tuples of clients that sent a SYN from one control port to another.
    private var clients: Set<Tuple> = []

    package init(_ linkType: LinkType, _ selection: Selection) {
        self.linkType = linkType
        self.selection = selection
        tracker = Tracker(policy: Policy(), rewrites: false)
    }

    /// Processes the next frame, and every timeout that is due at its time.
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

    /// Whether there was any control connection so far.
    package var hasFound: Bool { tracker.statistics.connectionsTotal > 0 }

    /// Returns the events since the last call, in the order in which they were recognised, and clears them.
    package mutating func takeRecords() -> [EventRecord] {
        defer { records.removeAll(keepingCapacity: true) }
        return records
    }

    /// Routes a packet as the firewall rules would have.
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

    /// Processes the SYN of a data connection; `false` if it is not one.
    @discardableResult
    private mutating func data(_ packet: Span<UInt8>, _ frame: CaptureFile.Frame) -> Bool {
        guard let syn = SYN(packet), let connection = tracker.expected(syn) else { return false }
        tracker.complete(.established(connection), at: now, into: &output)
        record(frame)
        return true
    }

    /// Processes a packet between two control ports: only the handshake, or the order of packets, tells which side is the client.
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

    /// Processes a packet from or to a control port; a handshake overrides `isFromServer`, which is derived from the ports.
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

    /// Processes a packet of a control connection; the capture may begin in the middle of it.
    private mutating func receive(_ packet: Span<UInt8>, _ segment: Segment, client: Tuple) {
        let mapping = translations.mapping(of: client)
        let isHandshake = segment.flags.contains(.syn)
        if !isHandshake { tracker.noteEarlier(mapping) }
        guard case .needsMapping = tracker.receive(packet, at: now, into: &output) else { return }
        tracker.learn(
            mapping,
            hasKernelHelper: false,
            phase: isHandshake ? .opening : .established,
            at: now,
            into: &output
        )
        _ = tracker.receive(packet, at: now, into: &output)
    }

    /// Processes a packet of any connection, and decides whether to follow it.
    private mutating func find(_ packet: Span<UInt8>, _ segment: Segment, _ frame: CaptureFile.Frame) {
        var isUnknown = !tracker.follows(segment)
        if !isUnknown {
            let verdict = tracker.receive(packet, at: now, into: &output)
            record(frame)
            // The tuple is reused for a new connection.
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

    /// Collects the events of a frame.
    private mutating func record(_ frame: CaptureFile.Frame) {
        // There are no byte counters of data connections.
        for case .measure(let transfer) in output.actions {
            tracker.complete(.measured(transfer, .unknown), at: now, into: &output)
        }
        for case .report(let event) in output.actions {
            // A full table is reported for any connection, also for one that is no control connection.
            if case .refused(let refusal) = event, refusal.reason == .tableFull, selection == .content {
                continue
            }
            let time = Double(frame.nanoseconds) / 1e9
            records.append(EventRecord(event, time: time, instant: now, frame: frame.number))
        }
        output.clear()
    }
}
