import FTPHelper

/// A control connection through a tracker: an ideal network between a client and a server that send what a test says.
struct Dialogue: ~Copyable {
    var tracker: Tracker
    let mapping: Mapping
    var output = Output()
    var now = Instant(nanoseconds: 1_000_000_000)
    /// All events so far.
    var events: [Event] = []
    var actions: [Action] = []
    private var sent: (client: UInt32, server: UInt32)
    /// What each side has received, in its own numbering.
    private(set) var received: (client: [UInt8], server: [UInt8]) = ([], [])
    private var expected: (client: UInt32, server: UInt32)

    init(
        _ mapping: Mapping,
        policy: Policy = Policy(),
        isAdopted: Bool = false,
        initial: UInt32 = 0xffff_fff0
    ) {
        tracker = Tracker(policy: policy, random: Seeded(state: 7))
        self.mapping = mapping
        sent = (initial, initial &+ 100)
        expected = (initial &+ 100, initial)
        guard !isAdopted else { return }
        sent.client &+= 1
        _ = deliver(from: .server, flags: [.syn, .ack], payload: [])
        sent.server &+= 1
        expected = (sent.server, sent.client)
    }

    var statistics: Statistics { tracker.statistics }

    /// Sends text as one segment and returns what the other side gets of it.
    @discardableResult
    mutating func send(_ side: Session.Side, _ text: String, flags: TCPFlags = [.ack, .psh]) -> String {
        let payload = Array(text.utf8)
        let result = deliver(from: side, flags: flags, payload: payload)
        let count = UInt32(payload.count) &+ (flags.contains(.fin) ? 1 : 0)
        if side == .client { sent.client &+= count } else { sent.server &+= count }
        return result
    }

    /// Carries the other side's acknowledgement of all it has.
    mutating func acknowledge(_ side: Session.Side) { _ = deliver(from: side, flags: [.ack], payload: []) }

    /// Logs in, as most tests need it.
    mutating func logIn() {
        send(.server, "220 ready\r\n")
        send(.client, "USER anonymous\r\n")
        send(.server, "331 password\r\n")
        send(.client, "PASS secret\r\n")
        send(.server, "230 ok\r\n")
    }

    private mutating func deliver(from side: Session.Side, flags: TCPFlags, payload: [UInt8]) -> String {
        let packet = PacketBuilder(
            tuple: side == .client ? mapping.original : mapping.reply,
            sequence: side == .client ? sent.client : sent.server,
            acknowledgement: side == .client ? expected.client : expected.server,
            flags: flags,
            payload: payload
        ).bytes
        output.clear()
        var verdict = tracker.receive(packet.span, at: now, into: &output)
        if case .needsMapping = verdict {
            tracker.learn(mapping, isHelped: false, at: now, into: &output)
            verdict = tracker.receive(packet.span, at: now, into: &output)
        }
        actions += output.actions
        for case .report(let event) in output.actions { events.append(event) }
        guard verdict != .drop else { return "" }
        let result = verdict == .replace ? output.packet : packet
        guard hasRightChecksums(result), let segment = try? Segment(parsing: result.span) else {
            return "(damaged)"
        }
        let text = Array(result[segment.payloadOffset..<segment.end])
        // An ideal receiver: takes what is next.
        if side == .client {
            let known = Int(Int32(bitPattern: expected.server &- segment.firstByte.value))
            if known >= 0, known < text.count {
                received.server += text[known...]
                expected.server &+= UInt32(text.count - known)
            }
        } else {
            let known = Int(Int32(bitPattern: expected.client &- segment.firstByte.value))
            if known >= 0, known < text.count {
                received.client += text[known...]
                expected.client &+= UInt32(text.count - known)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// A generator whose numbers are the same at every run (SplitMix64).
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
