// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper

/// A control connection between two simulated peers through a gateway on which something happens.
struct Interruption: ~Copyable {
    /// What happens.
    enum Incident {
        /// The gateway dies, and another one goes on with its records but so many of the last changes; `nil` stands for all of
        /// them.
        case death(missing: Int?)
        /// The gateway dies, and the rules of the other one are gone: so many packets pass as they are before they are back.
        case deathAndGap(missing: Int?, packets: Int)
        /// The rules are gone: so many packets pass as they are.
        case gap(packets: Int)
        /// The daemon is stopped with its rules and started again: so many packets pass as they are. The same happens once more
        /// after some more packets.
        case stop(packets: Int, again: Int)
    }

    /// How it ended.
    enum Outcome: Equatable {
        /// Both have read everything.
        case finished
        /// Both were reset; what they have read is the beginning of what they were to read.
        case reset
        case failed(String)
    }

    /// A session with an announcement of each end for each of some ports, and a NOOP behind each.
    static func steps(_ nat: NATCase) -> [Simulation.Step] {
        var steps: [Simulation.Step] = [
            .init(.server, "220 ready\r\n"), .init(.client, "USER anonymous\r\n"),
            .init(.server, "331 password\r\n"), .init(.client, "PASS guest\r\n"),
            .init(.server, "230 in\r\n"),
        ]
        for port in [5001, 25_001, 1041, 60_000, 5001] {
            let (active, passive) = nat.transfers(port)
            steps += [
                .init(.client, active.sent, reads: active.read), .init(.server, "200 ok\r\n"),
                .init(.client, "NOOP\r\n"), .init(.server, "200 ok\r\n"),
                .init(.client, passive.command), .init(.server, passive.sent, reads: passive.read),
                .init(.client, "NOOP\r\n"), .init(.server, "200 ok\r\n"),
            ]
        }
        return steps
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
    /// How many packets still bypass the queue; `nil` if the rules are there.
    private var bypassing: Int?
    /// Whether the daemon is stopped meanwhile.
    private var isStopped = false
    /// What each end had received when the rules were back: the gateway answers only for what came later.
    private var spoilt = (client: 0, server: 0)

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
    ///   - moment: how many packets come before the incident.
    ///   - incident: what happens then.
    ///   - loss: the share of packets that get lost.
    /// - Returns: how it ended.
    mutating func play(
        _ steps: [Simulation.Step],
        at moment: Int,
        _ incident: Incident,
        loss: Double = 0
    ) -> Outcome {
        // What each end is to read.
        var expected: (client: [Simulation.Step], server: [Simulation.Step]) = ([], [])
        var next = 0
        var idle = 0
        var hasHappened = false
        var (moment, incident) = (moment, incident)
        for _ in 0..<20_000 {
            while next < steps.count, client.lines.count == expected.client.count,
                server.lines.count == expected.server.count
            {
                let step = steps[next]
                if step.side == .client {
                    client.text += step.text.utf8
                    expected.server.append(step)
                } else {
                    server.text += step.text.utf8
                    expected.client.append(step)
                }
                next += 1
            }
            if !hasHappened, passed >= moment {
                hasHappened = true
                begin(incident)
                if case .stop(let packets, let again) = incident, again > 0 {
                    moment = passed + packets + again
                    hasHappened = false
                    incident = .stop(packets: packets, again: 0)
                }
            }
            wire += client.sendNew { $0 } + server.sendNew { $0 }
            if wire.isEmpty {
                if next == steps.count, client.isDone, server.isDone { break }
                idle += 1
                guard idle < 100 else { return .failed("stalled") }
                if bypassing != nil, idle > 3 { endGap() }
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
        if bypassing != nil { endGap() }
        guard client.has(expected.client, after: spoilt.client),
            server.has(expected.server, after: spoilt.server)
        else { return .failed("the server read \(server.lines), the client \(client.lines)") }
        if isReset { return .reset }
        return client.lines.count == expected.client.count && server.lines.count == expected.server.count
            ? .finished : .failed("not finished")
    }

    private mutating func begin(_ incident: Incident) {
        switch incident {
        case .death(let missing):
            // Packets in flight are lost with the gateway.
            wire = []
            die(missing: missing)
        case .deathAndGap(let missing, let packets):
            begin(.death(missing: missing))
            begin(.gap(packets: packets))
        case .gap(let packets):
            bypassing = packets
            client.mayBeOutOfStep = true
            server.mayBeOutOfStep = true
        case .stop(let packets, _):
            isStopped = true
            begin(.gap(packets: packets))
        }
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
        fire()
    }

    private mutating func fire() {
        guard let deadline = tracker.nextDeadline, deadline <= now else { return }
        output.clear()
        tracker.fire(at: now, into: &output)
        perform()
    }

    /// Brings a packet through the gateway; `nil` if it goes no further.
    private mutating func pass(_ packet: [UInt8]) -> [UInt8]? {
        passed += 1
        now.nanoseconds += 100_000
        if let left = bypassing, left > 0 {
            bypassing = left - 1
            return packet
        }
        if bypassing == 0 { endGap() }
        defer { fire() }
        output.clear()
        var verdict = tracker.receive(packet.span, at: now, into: &output)
        if case .needsMapping = verdict {
            let phase: ConntrackPhase = history.isEmpty && lastPlace == 0 ? .opening : .established
            tracker.learn(mapping, hasKernelHelper: false, phase: phase, at: now, into: &output)
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

    private mutating func endGap() {
        bypassing = nil
        spoilt = (client.received.count, server.received.count)
        if isStopped { restart() }
        tracker.requireProofs(at: now)
        fire()
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

    /// The records, without so many of the last changes.
    private func records(without missing: Int) -> [[UInt64]] {
        var records: [Int: [UInt64]] = [:]
        for change in history.dropLast(missing) {
            records[change.old] = nil
            if let record = change.record { records[change.new] = record }
        }
        return Array(records.values)
    }

    /// Lets another daemon of this gateway go on with the records.
    private mutating func restart() {
        let records = records(without: 0)
        tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: random.next()))
        history = []
        output.clear()
        for record in records {
            guard let kept = KeptConnection(record, at: now) else { continue }
            _ = tracker.restore(kept, at: now, into: &output)
        }
        perform()
    }

    /// Lets another gateway go on with the records that have arrived.
    private mutating func die(missing: Int?) {
        let records = records(without: missing ?? history.count)
        tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: random.next()))
        tracker.provesAdopted = true
        history = []
        output.clear()
        // The other clock is an hour ahead.
        now.nanoseconds += 3_600_000_000_000
        for record in records {
            let origin = RecordOrigin.peer(clockShift: 3_600_000_000_000)
            guard let kept = KeptConnection(record, at: now, from: origin) else { continue }
            _ = tracker.restore(kept, entryID: 9, at: now, into: &output)
        }
        if !tracker.follows(mapping) { tracker.noteEarlier(mapping) }
        perform()
    }
}

extension Peer {
    /// The whole lines that it has received.
    fileprivate var lines: [String] {
        received.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
            .map { String(decoding: $0, as: UTF8.self) + "\n" }
    }

    /// Tells whether it has received the beginning of these lines.
    ///
    /// A line that began in the first `spoilt` bytes may be anything. The two behind them may be the originals: where the first
    /// command behind a gap begins cannot be known, so it is not read, and its reply not either.
    fileprivate func has(_ steps: [Simulation.Step], after spoilt: Int) -> Bool {
        var start = 0
        var unsure = spoilt == 0 ? 0 : 2
        for (index, line) in lines.enumerated() {
            if start >= spoilt {
                guard index < steps.count else { return false }
                let step = steps[index]
                guard line == step.reads || unsure > 0 && line == step.text else { return false }
                unsure -= 1
            }
            start += line.utf8.count
        }
        guard start >= spoilt, start < received.count else { return true }
        guard lines.count < steps.count else { return false }
        let rest = received[start...]
        let step = steps[lines.count]
        return step.reads.utf8.starts(with: rest) || unsure > 0 && step.text.utf8.starts(with: rest)
    }
}
