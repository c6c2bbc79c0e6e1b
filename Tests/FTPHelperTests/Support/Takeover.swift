// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper

/// A control connection between two simulated peers through a gateway that dies, and another one that goes on with what
/// has arrived of its records.
struct Takeover: ~Copyable {
    /// How it ended.
    enum Outcome: Equatable {
        /// Both have read everything.
        case finished
        /// Both were reset; what they have read is the beginning of what they were to read.
        case reset
        case failed(String)
    }

    private let mapping: Mapping
    private var tracker: Tracker
    private var random: Seeded
    private var client: Peer
    private var server: Peer
    private var now = Instant(nanoseconds: 1_000_000_000)
    private var output = Output()
    private var history: [(old: Int, new: Int, record: [UInt64]?)] = []
    private var lastPlace = 0
    private var isReset = false
    private var wire: [Peer.Packet] = []
    /// Number of packets that have reached the gateway.
    private var passed = 0

    init(_ mapping: Mapping, seed: UInt64) {
        self.mapping = mapping
        tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: seed))
        random = Seeded(state: seed)
        let bases = (UInt32.max - UInt32(random.next() % 300), UInt32.max - UInt32(random.next() % 300))
        client = Peer(.client, tuple: mapping.original, sendBase: bases.0, receiveBase: bases.1, window: 10)
        server = Peer(.server, tuple: mapping.reply, sendBase: bases.1, receiveBase: bases.0, window: 10)
        let handshake = PacketBuilder(
            tuple: mapping.reply,
            sequence: bases.1 &- 1,
            acknowledgement: bases.0,
            flags: [.syn, .ack]
        ).bytes
        _ = pass(handshake)
    }

    /// Plays the steps.
    ///
    /// - Parameters:
    ///   - steps: what the ends say.
    ///   - moment: how many packets reach the first gateway.
    ///   - missing: how many of its last changes do not reach the second one; `nil` if none arrives at all.
    ///   - loss: the share of packets that get lost.
    /// - Returns: how it ended.
    mutating func play(
        _ steps: [Simulation.Step],
        at moment: Int,
        missing: Int?,
        loss: Double = 0
    ) -> Outcome {
        var expected: (client: [UInt8], server: [UInt8]) = ([], [])
        var next = 0
        var idle = 0
        var hasDied = false
        for _ in 0..<20_000 {
            while next < steps.count, client.received == expected.client, server.received == expected.server {
                let step = steps[next]
                if step.side == .client {
                    client.text += step.text.utf8
                    expected.server += step.reads.utf8
                } else {
                    server.text += step.text.utf8
                    expected.client += step.reads.utf8
                }
                next += 1
            }
            if !hasDied, passed >= moment {
                hasDied = true
                // What was on its way is lost with the gateway.
                wire = []
                die(missing: missing)
            }
            wire += client.sendNew { $0 } + server.sendNew { $0 }
            if wire.isEmpty {
                if next == steps.count, client.isDone, server.isDone { break }
                idle += 1
                guard idle < 100 else { return .failed("stalled") }
                wait(nanoseconds: 300_000_000)
                wire += client.sendAgain { $0 } + server.sendAgain { $0 }
            }
            guard !wire.isEmpty, !isReset else {
                if isReset { break }
                continue
            }
            let packet = wire.removeFirst()
            guard Double(random.next() >> 11) / Double(1 << 53) >= loss else { continue }
            if let bytes = pass(packet.bytes) { deliver(bytes, from: packet.side) }
            if let complaint = client.complaint ?? server.complaint { return .failed(complaint) }
        }
        guard expected.client.starts(with: client.received), expected.server.starts(with: server.received)
        else {
            let texts = [server.received, client.received].map { String(decoding: $0, as: UTF8.self) }
            return .failed(
                "the server read \(texts[0].debugDescription), the client \(texts[1].debugDescription)"
            )
        }
        if isReset { return .reset }
        return client.received == expected.client && server.received == expected.server
            ? .finished : .failed("not finished")
    }

    private mutating func deliver(_ bytes: [UInt8], from side: Session.Side) {
        guard let segment = try? Segment(parsing: bytes.span) else { return }
        guard !segment.flags.contains(.rst) else {
            isReset = true
            return
        }
        let answer = side == .client ? server.receive(bytes) : client.receive(bytes)
        if let answer { wire.append(answer) }
    }

    /// Lets time pass, and the timers run.
    private mutating func wait(nanoseconds: UInt64) {
        now.nanoseconds += nanoseconds
        guard let deadline = tracker.nextDeadline, deadline <= now else { return }
        output.clear()
        tracker.fire(at: now, into: &output)
        perform()
    }

    /// Brings a packet through the gateway; `nil` if it goes no further.
    private mutating func pass(_ packet: [UInt8]) -> [UInt8]? {
        passed += 1
        now.nanoseconds += 100_000
        output.clear()
        var verdict = tracker.receive(packet.span, at: now, into: &output)
        if case .needsMapping = verdict {
            let phase: ConntrackPhase = history.isEmpty && lastPlace == 0 ? .opening : .established
            tracker.learn(mapping, isHelped: false, phase: phase, at: now, into: &output)
            verdict = tracker.receive(packet.span, at: now, into: &output)
        }
        let rewritten = output.packet
        perform()
        switch verdict {
        case .accept: return packet
        case .replace: return rewritten
        case .drop, .needsMapping, .needsOrigin: return nil
        }
    }

    /// Notes the records, and delivers what the gateway itself sends.
    private mutating func perform() {
        tracker.takeRecords { old, record in
            if record != nil { lastPlace += 1 }
            history.append((old, record == nil ? 0 : lastPlace, record))
            return record == nil ? 0 : lastPlace
        }
        for case .inject(let packet) in output.actions {
            guard let segment = try? Segment(parsing: packet.span) else { continue }
            deliver(packet, from: segment.tuple.isAlike(mapping.original) ? .client : .server)
        }
    }

    /// Lets another gateway go on with the records that have arrived.
    private mutating func die(missing: Int?) {
        var records: [Int: [UInt64]] = [:]
        for change in history.dropLast(missing ?? history.count) {
            records[change.old] = nil
            if let record = change.record { records[change.new] = record }
        }
        tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: random.next()))
        tracker.provesAdopted = true
        history = []
        output.clear()
        // The other clock is an hour ahead.
        now.nanoseconds += 3_600_000_000_000
        for record in records.values {
            let origin = RecordOrigin.peer(clockShift: 3_600_000_000_000)
            guard let kept = KeptConnection(record, at: now, from: origin) else { continue }
            _ = tracker.restore(kept, entryID: 9, at: now, into: &output)
        }
        if !tracker.follows(mapping) { tracker.noteEarlier(mapping) }
        perform()
    }
}
