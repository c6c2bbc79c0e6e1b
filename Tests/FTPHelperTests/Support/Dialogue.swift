// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// A control connection through a tracker: an ideal network between a client and a server that send what a test says.
struct Dialogue: ~Copyable {
    var tracker: Tracker
    let mapping: Mapping
    var output = Output()
    var now = Instant(nanoseconds: 1_000_000_000)
    /// All actions so far, reports included.
    var actions: [Action] = []
    var verdict = Verdict.accept
    /// Number of the byte that each side will send next.
    private(set) var sent: (client: UInt32, server: UInt32)
    private let initial: UInt32
    private var receivers: (client: Receiver, server: Receiver)

    /// Starts with a SYN-ACK, or, if it is to be adopted, with nothing.
    init(
        _ mapping: Mapping,
        policy: Policy = Policy(),
        isAdopted: Bool = false,
        initial: UInt32 = 0xffff_fff0
    ) {
        self.init(
            mapping,
            tracker: Tracker(policy: policy, random: Seeded(state: 7)),
            isAdopted: isAdopted,
            initial: initial
        )
    }

    /// Starts as one more connection of a tracker; `release` gives it back.
    init(
        _ mapping: Mapping,
        tracker: consuming Tracker,
        isAdopted: Bool = false,
        initial: UInt32 = 0xffff_fff0
    ) {
        self.tracker = tracker
        self.mapping = mapping
        self.initial = initial
        sent = (initial &+ 1, initial &+ 101)
        receivers = (
            Receiver(next: SequenceNumber(initial &+ 101)), Receiver(next: SequenceNumber(initial &+ 1))
        )
        guard !isAdopted else {
            self.tracker.noteEarlier(mapping)
            return
        }
        transmit(handshake)
    }

    /// Ends the dialogue here and gives back its tracker.
    consuming func release() -> Tracker { tracker }

    /// The SYN-ACK with which the connection began.
    var handshake: PacketBuilder {
        var packet = segment(.server, flags: [.syn, .ack])
        packet.sequence = initial &+ 100
        packet.acknowledgement = initial &+ 1
        return packet
    }

    var events: [Event] {
        actions.compactMap { if case .report(let event) = $0 { event } else { nil } }
    }
    var statistics: Statistics { tracker.statistics }
    /// The refusals so far.
    var refusals: [Refusal.Reason] {
        events.compactMap { if case .refused(let refusal) = $0 { refusal.reason } else { nil } }
    }
    /// The open expectations, as `address:port`.
    var open: [String] { tracker.expectations.map(\.to.description) }
    /// All that each side has received, in order.
    var received: (client: String, server: String) {
        (
            String(decoding: receivers.client.received, as: UTF8.self),
            String(decoding: receivers.server.received, as: UTF8.self)
        )
    }

    /// The same, which then begins anew.
    mutating func takeReceived() -> (client: String, server: String) {
        defer {
            receivers.client.clear()
            receivers.server.clear()
        }
        return received
    }

    /// The segment that a side sends next, or one `offset` bytes from there, for a test to bend before it goes.
    func segment(
        _ side: Session.Side,
        _ payload: some Sequence<UInt8> = [],
        offset: Int = 0,
        flags: TCPFlags = [.ack, .psh]
    ) -> PacketBuilder {
        PacketBuilder(
            tuple: side == .client ? mapping.original : mapping.reply,
            sequence: (side == .client ? sent.client : sent.server) &+ UInt32(truncatingIfNeeded: offset),
            acknowledgement: (side == .client ? receivers.client : receivers.server).next.value,
            flags: flags,
            payload: Array(payload)
        )
    }

    /// Sends a segment and returns what the other side gets; `nil` if nothing.
    @discardableResult
    mutating func transmit(_ packet: PacketBuilder) -> Arrival? {
        let end =
            packet.sequence &+ UInt32(packet.payload.count) &+ (packet.flags.contains(.fin) ? 1 : 0)
            &+ (packet.flags.contains(.syn) ? 1 : 0)
        if packet.tuple == mapping.original {
            if Int32(bitPattern: end &- sent.client) > 0 { sent.client = end }
        } else {
            if Int32(bitPattern: end &- sent.server) > 0 { sent.server = end }
        }
        guard let arrival = carry(packet) else { return nil }
        guard !arrival.flags.contains(.rst) else { return arrival }
        if packet.tuple == mapping.original {
            receivers.server.receive(arrival.payload, at: arrival.segment.firstByte)
        } else {
            receivers.client.receive(arrival.payload, at: arrival.segment.firstByte)
        }
        return arrival
    }

    /// Brings a packet that neither side knows of through the tracker; `nil` if it goes no further.
    @discardableResult
    mutating func carry(_ packet: PacketBuilder) -> Arrival? {
        let bytes = packet.bytes
        output.clear()
        verdict = tracker.receive(bytes.span, at: now, into: &output)
        if case .needsMapping = verdict {
            let phase: ConntrackPhase =
                packet.flags.contains(.syn) && !tracker.follows(mapping) ? .opening : .established
            tracker.learn(mapping, hasKernelHelper: false, phase: phase, at: now, into: &output)
            verdict = tracker.receive(bytes.span, at: now, into: &output)
        }
        actions += output.actions
        guard verdict != .drop else { return nil }
        guard let arrival = Arrival(verdict == .replace ? output.packet : bytes) else {
            Issue.record("a damaged packet went on")
            return nil
        }
        return arrival
    }

    /// The same where a test goes on only with something that arrives.
    mutating func arrival(_ packet: PacketBuilder, _ location: SourceLocation = #_sourceLocation) throws
        -> Arrival
    {
        let arrival = transmit(packet)
        return try #require(arrival, sourceLocation: location)
    }

    /// Sends text as one segment and returns what the other side gets of it; empty if nothing.
    @discardableResult
    mutating func send(_ side: Session.Side, _ text: String, flags: TCPFlags = [.ack, .psh]) -> String {
        transmit(segment(side, text.utf8, flags: flags))?.text ?? ""
    }

    /// Lets a side send text that arrives without having come by, where nothing was rewritten before.
    mutating func miss(_ side: Session.Side, _ text: String) {
        let packet = segment(side, text.utf8)
        let start = SequenceNumber(packet.sequence)
        switch side {
        case .client:
            sent.client &+= UInt32(packet.payload.count)
            receivers.server.receive(packet.payload, at: start)
        case .server:
            sent.server &+= UInt32(packet.payload.count)
            receivers.client.receive(packet.payload, at: start)
        }
    }

    /// Carries a side's acknowledgement of all it has.
    @discardableResult
    mutating func acknowledge(_ side: Session.Side) -> Arrival? { transmit(segment(side, flags: [.ack])) }

    /// Logs in, as most tests need it.
    mutating func logIn() {
        send(.server, "220 ready\r\n")
        send(.client, "USER anonymous\r\n")
        send(.server, "331 password\r\n")
        send(.client, "PASS secret\r\n")
        send(.server, "230 ok\r\n")
    }

    /// Lets the timers run until a number of seconds from now.
    mutating func wait(seconds: UInt32) {
        let end = now.advanced(bySeconds: seconds)
        while let deadline = tracker.nextDeadline, deadline <= end {
            now = max(now, deadline)
            output.clear()
            tracker.fire(at: now, into: &output)
            actions += output.actions
        }
        now = end
    }

    /// What the tracker expects of a SYN.
    func expected(_ packet: [UInt8]) -> ExpectedConnection? {
        SYN(packet.span).flatMap { tracker.expected($0) }
    }

    /// Lets the SYN of a data connection come; `false` if it is not expected.
    @discardableResult
    mutating func use(_ packet: [UInt8]) -> Bool {
        guard let connection = expected(packet) else { return false }
        perform { $0.complete(.established(connection), at: $1, into: &$2) }
        return true
    }

    /// Does something else to the tracker and keeps the actions.
    mutating func perform<Result>(_ body: (inout Tracker, Instant, inout Output) -> Result) -> Result {
        output.clear()
        let result = body(&tracker, now, &output)
        actions += output.actions
        return result
    }
}

extension Dialogue {
    /// A connection that is logged in, with nothing on record yet.
    static func ready(_ mapping: Mapping, policy: Policy = Policy()) -> Dialogue {
        var dialogue = Dialogue(mapping, policy: policy)
        dialogue.logIn()
        dialogue.actions = []
        return dialogue
    }
}
