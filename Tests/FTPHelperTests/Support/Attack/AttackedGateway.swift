// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// A gateway with one control connection: its tracker, its conntrack, and what a daemon does between the two.
struct AttackedGateway: ~Copyable {
    /// Everything besides the two ends.
    struct Surroundings {
        var mapping: Mapping
        var policy = Policy()
        /// `nf_conntrack_tcp_be_liberal`.
        var isLiberal = false
        /// The firewall drops what conntrack takes for invalid; that has no NAT in any case.
        var dropsInvalid = false
        /// The daemon has a state file.
        var keepsRecords = false
        /// Packets go on while no daemon runs (`--bypass`).
        var bypasses = false
    }

    private let surroundings: Surroundings
    private var tracker: Tracker
    private var conntrack: ConntrackModel
    private var isRunning = true
    private var now = Instant(nanoseconds: 1_000_000_000)
    private var output = Output()
    /// Storage for the packet in hand.
    private var buffer: [UInt8] = []
    private let headers: [[UInt8]]
    private var records: [Int: [UInt64]] = [:]
    private var lastPlace = 0
    /// The expectations opened since the last query.
    private var opened: [Expectation] = []
    /// RSTs that the daemon has sent, with the side that is to get them.
    private var injected: [(side: Session.Side, segment: WireSegment)] = []
    /// Set once the connection may be taken for one whose beginning was out of sight (contract S2).
    private(set) var mayBeAdopted = false
    /// Set while its handshake and all that came since has bypassed every daemon.
    private var hasBegunUnseen = false
    /// Set once a SYN with payload has passed while no daemon was there: a server can tell the next one anything.
    private var hasOpenedFast = false

    init(_ surroundings: Surroundings) {
        self.surroundings = surroundings
        tracker = AttackedGateway.tracker(surroundings)
        conntrack = ConntrackModel(
            isLiberal: surroundings.isLiberal,
            isTranslated: surroundings.mapping.isTranslated
        )
        headers = [surroundings.mapping.original, surroundings.mapping.reply].map(WireSegment.header)
    }

    private static func tracker(_ surroundings: Surroundings) -> Tracker {
        Tracker(
            policy: surroundings.policy,
            keepsRecords: surroundings.keepsRecords,
            random: Seeded(state: 7)
        )
    }

    private var mapping: Mapping { surroundings.mapping }

    /// Returns the expectations opened since the last query.
    mutating func takeOpened() -> [Expectation] {
        guard !opened.isEmpty else { return [] }
        defer { opened = [] }
        return opened
    }

    /// Hands over the RSTs that the daemon has sent.
    mutating func takeInjected() -> [(side: Session.Side, segment: WireSegment)] {
        guard !injected.isEmpty else { return [] }
        defer { injected = [] }
        return injected
    }

    /// The open expectations.
    var expectations: [Expectation] { isRunning ? tracker.expectations : [] }
    /// Set once lines have been rewritten.
    private(set) var hasEdited = false

    /// Brings a segment through; `nil` if it goes no further.
    mutating func carry(_ segment: WireSegment, from side: Session.Side) -> WireSegment? {
        now.nanoseconds += 1_000_000
        if segment.flags.contains(.syn), segment.flags.contains(.ack) || side == .server {
            hasBegunUnseen = true
        }
        hasOpenedFast = hasOpenedFast || side == .client && segment.isFastOpen && !isRunning
        switch conntrack.take(segment, from: side) {
        case .invalid: return mapping.isTranslated || surroundings.dropsInvalid ? nil : segment
        case .passes: return segment
        case .queued: break
        }
        guard !segment.isOrdinarySYN else { return segment }
        guard isRunning else { return surroundings.bypasses ? segment : nil }
        hasBegunUnseen = false
        var packet: [UInt8] = []
        swap(&packet, &buffer)
        defer { buffer = packet }
        segment.write(to: &packet, header: headers[side.rawValue])
        output.clear()
        let verdict = verdict(on: packet, side)
        perform()
        switch verdict {
        case .accept, .needsMapping, .needsOrigin: return segment
        case .replace: return WireSegment(output.packet)
        case .drop: return nil
        }
    }

    /// Asks the tracker, and conntrack what the tracker has to know first, as `Engine` does.
    private mutating func verdict(on packet: [UInt8], _ side: Session.Side) -> Verdict {
        for _ in 0..<2 {
            let verdict = tracker.receive(packet.span, at: now, into: &output)
            guard case .needsMapping = verdict else { return verdict }
            guard let found = conntrack.found else {
                tracker.refuseUnmapped(packet.span, into: &output)
                return .accept
            }
            tracker.learn(
                mapping,
                entryID: found.id,
                hasKernelHelper: false,
                phase: found.phase,
                at: now,
                into: &output
            )
        }
        return tracker.receive(packet.span, at: now, into: &output)
    }

    private mutating func perform() {
        hasEdited = hasEdited || tracker.statistics.edits > 0
        var next = 0
        while next < output.actions.count {
            switch output.actions[next] {
            case .open(let expectation): opened.append(expectation)
            case .beLiberal: conntrack.beLiberal()
            case .verify: verify()
            case .inject(let packet):
                guard let segment = WireSegment(packet), let tuple = try? Segment(parsing: packet.span).tuple
                else { break }
                injected.append((tuple == mapping.original ? .server : .client, segment))
            default: break
            }
            next += 1
        }
        guard surroundings.keepsRecords else { return }
        tracker.takeRecords { old, record in
            records[old] = nil
            guard let record else { return 0 }
            lastPlace += 1
            records[lastPlace] = record
            return lastPlace
        }
    }

    private mutating func verify() {
        guard let found = conntrack.found, !found.isReversed else {
            tracker.complete(.verified(mapping, .gone), at: now, into: &output)
            return
        }
        tracker.learn(
            mapping,
            entryID: found.id,
            hasKernelHelper: false,
            phase: .established,
            at: now,
            into: &output
        )
        if found.phase != .established {
            tracker.complete(.verified(mapping, .closing), at: now, into: &output)
        }
    }
}

/// What befalls it.
extension AttackedGateway {
    /// Time goes by.
    mutating func wait(seconds: UInt32) {
        let end = now.advanced(bySeconds: seconds)
        while isRunning, let deadline = tracker.nextDeadline, deadline <= end {
            now = max(now, deadline)
            output.clear()
            tracker.fire(at: now, into: &output)
            perform()
        }
        now = end
    }

    /// Somebody makes conntrack forget everything.
    mutating func flushConntrack() { conntrack.flush() }

    /// The rules are loaded once more.
    mutating func survey() {
        guard isRunning else { return }
        output.clear()
        survey(after: nil)
        perform()
    }

    /// The daemon ends.
    mutating func stop() { isRunning = false }

    /// Another daemon starts, and takes over what the last one has left, but for what got lost.
    mutating func start(losingRecords: Bool, losingOutsiders: Bool) {
        var words: [UInt64] = []
        if surroundings.keepsRecords, !losingOutsiders {
            words = [UInt64](repeating: 0, count: RejectedConnections.wordCount)
            tracker.takeRejectedConnections { words[$0] = $1 }
        }
        let predecessor = RejectedConnections(key: tracker.rejectedConnectionsKey, words: words)
        if predecessor == nil || losingRecords || hasBegunUnseen || hasOpenedFast { mayBeAdopted = true }
        isRunning = true
        tracker = AttackedGateway.tracker(surroundings)
        output.clear()
        let left = losingRecords ? [] : records.sorted { $0.key > $1.key }.map(\.value)
        records = [:]
        for record in left { restore(record) }
        survey(after: predecessor)
        perform()
    }

    private mutating func restore(_ record: [UInt64]) {
        guard let kept = KeptConnection(record, at: now), !tracker.follows(kept.mapping) else { return }
        let found = conntrack.found.flatMap { $0.isReversed ? nil : $0 }
        let isSame = found?.id == kept.entryID
        guard found != nil || kept.outlivesConntrack,
            tracker.restore(kept, isCertain: found == nil || isSame, at: now, into: &output)
        else {
            tracker.reject(kept.mapping)
            return
        }
        if found == nil {
            tracker.complete(.verified(kept.mapping, .gone), at: now, into: &output)
        } else if isSame, found?.phase != .established {
            tracker.complete(.verified(kept.mapping, .closing), at: now, into: &output)
        }
    }

    private mutating func survey(after predecessor: RejectedConnections?) {
        guard let found = conntrack.found else { return }
        let mapping =
            found.isReversed ? Mapping(original: self.mapping.reply, reply: self.mapping.original) : mapping
        guard !found.isShakingHands else {
            return tracker.noteOpening(mapping, predecessors: predecessor.map { [$0] } ?? [], at: now)
        }
        guard found.phase == .established else { return }
        tracker.noteEarlier(mapping, entryID: found.id, predecessors: predecessor.map { [$0] } ?? [])
    }
}
