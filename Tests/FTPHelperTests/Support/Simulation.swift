// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper

/// A control connection between two simulated peers, with the tracker and an unkind network between.
struct Simulation: ~Copyable {
    /// What a side says, what the other is to read, and the endpoint of the expectation that it opens, if any.
    struct Step {
        var side: Session.Side
        var text: String
        var reads: String
        var opens: String?
        /// Is sent without waiting for the other side to have read what came before.
        var isPipelined = false

        init(
            _ side: Session.Side,
            _ text: String,
            reads: String? = nil,
            opens: String? = nil,
            isPipelined: Bool = false
        ) {
            self.side = side
            self.text = text
            self.reads = reads ?? text
            self.opens = opens
            self.isPipelined = isPipelined
        }
    }

    /// What the network does to packets.
    struct Network {
        /// Loses packets before the tracker sees them.
        var loss = 0.0
        /// Loses packets behind the tracker, which has seen them.
        var lossBehind = 0.0
        var duplication = 0.0
        var reordering = 0.0
        /// Largest segment a peer makes; 1 for a byte at a time.
        var segmentSize = 1460
        /// Cuts segments at random.
        var isCutting = false
        /// Loses, repeats or swaps just these packets, by their number in the order of sending.
        var lost: Set<Int> = []
        var lostBehind: Set<Int> = []
        var repeated: Set<Int> = []
        var delayed: Set<Int> = []
        /// Cuts the client's first sending of its bytes just here, by offsets in its text.
        var clientCuts: [Int]?
        var window = 10
        /// How often a waiting peer sends a keep-alive, or bytes that were acknowledged long ago.
        var restlessness = 0.0
        /// How often the tracker gives way to another between two packets, which has nothing but its records.
        var restarts = 0.0
    }

    private var tracker: Tracker
    private let mapping: Mapping
    private let network: Network
    private var random: Seeded
    private var client: Peer
    private var server: Peer
    private var now = Instant(nanoseconds: 1)
    private var output = Output()
    private var opened: [String] = []
    private var records: [Int: [UInt64]] = [:]
    private var lastPlace = 0
    private var complaint: String?
    /// The dialogue, and how many of its steps were said.
    private var steps: [Step] = []
    private var said = 0
    /// What each side is to have read so far.
    private var expected: (client: [UInt8], server: [UInt8]) = ([], [])
    /// Packets under way, and those that are delayed until another is sent.
    private var wire: [Peer.Packet] = []
    private var held: [Peer.Packet] = []
    /// How often in a row nothing went on, and how far the sides were then.
    private var idle = 0
    private var progress = 0
    /// Set once a tracker gave way while it had bytes of early segments, which no record has.
    private var hasLostEarlyBytes = false
    /// How many packets have been put on the wire.
    private(set) var sentPackets = 0

    init(_ mapping: Mapping, network: Network, seed: UInt64, policy: Policy = Policy()) {
        let tracker = Tracker(
            policy: policy,
            keepsRecords: network.restarts > 0,
            random: Seeded(state: seed)
        )
        self.init(mapping, network: network, seed: seed, tracker: tracker)
    }

    init(_ mapping: Mapping, network: Network, seed: UInt64, tracker: consuming Tracker) {
        self.mapping = mapping
        self.network = network
        random = Seeded(state: seed)
        self.tracker = tracker
        // Near the wrap of the sequence numbers, so that every dialogue crosses it.
        let bases = (UInt32.max - UInt32(random.next() % 300), UInt32.max - UInt32(random.next() % 300))
        client = Peer(
            .client,
            tuple: mapping.original,
            sendBase: bases.0,
            receiveBase: bases.1,
            window: network.window
        )
        server = Peer(
            .server,
            tuple: mapping.reply,
            sendBase: bases.1,
            receiveBase: bases.0,
            window: network.window
        )
        let handshake = PacketBuilder(
            tuple: mapping.reply,
            sequence: bases.1 &- 1,
            acknowledgement: bases.0,
            flags: [.syn, .ack]
        ).bytes
        _ = pass(handshake)
    }

    /// Plays the steps to their end; returns what went wrong, or `nil`.
    mutating func play(_ steps: [Step]) -> String? {
        self.steps = steps
        for _ in 0..<500_000 {
            saySteps()
            let fresh = sendNew() + restless()
            for packet in fresh { put(packet) }
            if wire.isEmpty, fresh.isEmpty {
                if client.isDone, server.isDone, said == steps.count { break }
                guard !isStalled() else { return "stalled: \(texts)" }
                retransmit()
            }
            if !wire.isEmpty { deliver() }
            if let complaint = complaint ?? client.complaint ?? server.complaint { return complaint }
        }
        guard client.isDone, server.isDone else { return "not finished" }
        guard hasReadAll(.server), hasReadAll(.client) else { return "wrong text: \(texts)" }
        // Only the last announcement of a packet is opened, and none if the connection ends with that packet.
        let announced = steps.compactMap(\.opens)
        var rest = opened[...]
        for endpoint in announced where endpoint == rest.first { rest.removeFirst() }
        return rest.isEmpty ? nil : "opened \(opened) instead of \(announced)"
    }

    /// What both sides have read, for a complaint.
    private var texts: String {
        let (atServer, atClient) = (
            String(decoding: server.received, as: UTF8.self).debugDescription,
            String(decoding: client.received, as: UTF8.self).debugDescription
        )
        return "server has \(atServer), client has \(atClient)"
    }

    /// Lets the sides say the steps that are due, and close once they have said all.
    private mutating func saySteps() {
        while said < steps.count {
            let step = steps[said]
            guard step.isPipelined || hasReadAll(.server) && hasReadAll(.client) else { break }
            if step.side == .client {
                client.text += step.text.utf8
                expected.server += step.reads.utf8
            } else {
                server.text += step.text.utf8
                expected.client += step.reads.utf8
            }
            said += 1
        }
        guard said == steps.count else { return }
        client.isClosing = true
        if client.isDone { server.isClosing = true }
    }

    /// Tells whether a side has read all that the other has said, rewritten where it has to be.
    ///
    /// Once early bytes were lost with a tracker, a line may also pass as it is: there is a hole before it.
    private func hasReadAll(_ side: Session.Side) -> Bool {
        let received = side == .client ? client.received : server.received
        if received == (side == .client ? expected.client : expected.server) { return true }
        guard hasLostEarlyBytes else { return false }
        var rest = received[...]
        for step in steps[..<said] where step.side != side {
            guard let form = [step.reads, step.text].first(where: { rest.starts(with: $0.utf8) }) else {
                return false
            }
            rest.removeFirst(form.utf8.count)
        }
        return rest.isEmpty
    }

    /// Counts how often nothing has gone on; `true` if that is for good.
    private mutating func isStalled() -> Bool {
        let sum = client.progress + server.progress
        idle = sum == progress ? idle + 1 : 0
        progress = sum
        return idle >= 500
    }

    /// Lets both sides send unacknowledged bytes again.
    private mutating func retransmit() {
        wire += held
        held = []
        let cut = cutter()
        for packet in client.sendAgain(cut) + server.sendAgain(cut) { put(packet) }
    }

    /// Brings a packet from the wire through the tracker to the other side.
    private mutating func deliver() {
        let isReordered = network.reordering > 0 && chance(network.reordering)
        let packet = wire.remove(at: isReordered ? Int(random.next() % UInt64(wire.count)) : 0)
        guard let bytes = pass(packet.bytes), !network.lostBehind.contains(packet.number),
            !chance(network.lossBehind)
        else { return }
        let answer = packet.side == .client ? server.receive(bytes) : client.receive(bytes)
        if let answer { put(answer) }
    }

    private mutating func sendNew() -> [Peer.Packet] {
        if let cuts = network.clientCuts {
            let offset = client.sent
            let stop = cuts.first { $0 > offset } ?? Int.max
            return client.sendNew { min($0, stop - offset) } + server.sendNew { $0 }
        }
        let cut = cutter()
        return client.sendNew(cut) + server.sendNew(cut)
    }

    private mutating func cutter() -> (Int) -> Int {
        let size =
            network.isCutting ? Int(random.next() % UInt64(network.segmentSize)) + 1 : network.segmentSize
        return { min($0, size) }
    }

    /// What peers send that have nothing to say.
    private mutating func restless() -> [Peer.Packet] {
        guard chance(network.restlessness) else { return [] }
        let peer = random.next() % 2 == 0 ? client : server
        switch random.next() % 3 {
        case 0: return peer.keepAlive(withByte: false).map { [$0] } ?? []
        case 1: return peer.keepAlive(withByte: true).map { [$0] } ?? []
        default: return peer.repetition(&random).map { [$0] } ?? []
        }
    }

    /// Puts a packet on the wire, as kindly as the network is.
    private mutating func put(_ packet: Peer.Packet) {
        let number = sentPackets
        sentPackets += 1
        var packet = packet
        packet.number = number
        guard !network.lost.contains(number), !chance(network.loss) else { return }
        if network.delayed.contains(number) {
            held.append(packet)
            return
        }
        wire.append(packet)
        if network.repeated.contains(number) || chance(network.duplication) { wire.append(packet) }
        wire += held
        held = []
    }

    private mutating func chance(_ probability: Double) -> Bool {
        probability > 0 && Double(random.next() >> 11) / Double(1 << 53) < probability
    }

    /// Brings a packet through the tracker; `nil` if it goes no further.
    private mutating func pass(_ packet: [UInt8]) -> [UInt8]? {
        now.nanoseconds += 1_000_000
        if chance(network.restarts) { restart() }
        output.clear()
        var verdict = tracker.receive(packet.span, at: now, into: &output)
        if case .needsMapping = verdict {
            tracker.learn(mapping, hasKernelHelper: false, phase: .opening, at: now, into: &output)
            verdict = tracker.receive(packet.span, at: now, into: &output)
        }
        tracker.takeRecords { old, record in
            records[old] = nil
            guard let record else { return 0 }
            lastPlace += 1
            records[lastPlace] = record
            return lastPlace
        }
        for case .open(let expectation) in output.actions { opened.append(expectation.to.description) }
        switch verdict {
        case .accept: return packet
        case .replace: return output.packet
        case .drop, .needsMapping, .needsOrigin: return nil
        }
    }

    /// Lets another tracker with the same policy take the place of this one.
    private mutating func restart() {
        if let streams = tracker.store.slot(of: mapping.original)?.connection.streams {
            hasLostEarlyBytes = hasLostEarlyBytes || !streams[0].ahead.isEmpty || !streams[1].ahead.isEmpty
        }
        tracker = Tracker(policy: tracker.policy, keepsRecords: true, random: Seeded(state: random.next()))
        output.clear()
        let left = records.values
        // The next one keeps its own.
        records = [:]
        for record in left {
            guard let kept = KeptConnection(record, at: now) else {
                complaint = "no record: \(record)"
                continue
            }
            _ = tracker.restore(kept, at: now, into: &output)
        }
    }
}
