package import FTPHelper
package import Netfilter

/// What happens to a packet: the tracker decides, the kernel is told, and the packet gets its verdict.
///
/// Every packet gets exactly one verdict, whatever fails on the way: a failure is counted, told as a notice, and the
/// packet goes on as well as it can. What a packet announces is open in the kernel before the packet goes on.
package struct Engine<System: Kernel & ~Copyable>: ~Copyable {
    private var tracker: Tracker
    private var kernel: System
    /// What survives this process; `nil` if nothing does.
    private var state: StateFile?
    private var rejected: RejectedConnectionFile?
    private var output = Output()
    /// What is to be opened once all else is done; kept for the storage.
    private var openings: [Expectation] = []
    /// The packets of the batch in hand; kept for the storage.
    private var arrivals: [HashedSegment?] = []
    private var faults = FaultCounter()
    private var refusals = RateLimiter(burst: 100, period: 10)
    /// Rate-limits conntrack searches for packets of unknown connections.
    private var searches = RateLimiter(burst: 3, period: 10)
    private var notices: [Notice] = []

    package init(
        _ policy: Policy,
        _ kernel: consuming System,
        state: consuming StateFile? = nil,
        rejected: consuming RejectedConnectionFile? = nil
    ) {
        let keepsRecords = state != nil
        tracker = Tracker(policy: policy, keepsRecords: keepsRecords)
        self.kernel = kernel
        self.state = state
        self.rejected = rejected
        self.rejected?.write(key: tracker.rejectedConnectionsKey)
    }

    /// Rules over one of several packets of control connections; with the first, it looks at all of them.
    ///
    /// What the packets lead to is gathered: `settle` is to be called before any of them goes on.
    ///
    /// - Parameters:
    ///   - packets: all that came together, each of which is given in turn.
    ///   - number: which one it is.
    ///   - bytes: what they lie in.
    ///   - now: the time.
    /// - Returns: What becomes of it.
    package mutating func control(
        _ packets: [QueuedPacket],
        _ number: Int,
        in bytes: borrowing Span<UInt8>,
        at now: Instant
    ) -> PacketQueue.Verdict {
        if number == 0 {
            arrivals.removeAll(keepingCapacity: true)
            for packet in packets {
                arrivals.append(
                    packet.payload.flatMap { HashedSegment(bytes.extracting($0), from: packet.interface) }
                )
            }
            tracker.prefetch(arrivals)
        }
        guard let payload = packets[number].payload else { return .accept }
        let packet = bytes.extracting(payload)
        output.clearPacket()
        let verdict = verdict(on: packets[number], packet, arrivals[number], at: now)
        return switch verdict {
        case .accept, .needsMapping, .needsOrigin: .accept
        case .replace: .replace(output.packet)
        case .drop: .drop
        }
    }

    /// Asks the tracker what becomes of a packet, and the kernel what the tracker has to know first.
    private mutating func verdict(
        on queued: QueuedPacket,
        _ packet: borrowing Span<UInt8>,
        _ arrival: HashedSegment?,
        at now: Instant
    ) -> Verdict {
        var hasLearnt = false
        while true {
            let verdict = tracker.receive(packet, arrival, at: now, into: &output)
            switch verdict {
            case .needsMapping(let tuple):
                // Asked again, it is of a connection that conntrack does not know as a new one.
                guard !hasLearnt else { return .accept }
                hasLearnt = true
                let isHandshake = arrival?.isHandshake ?? false
                if let verdict = learn(tuple, of: packet, isHandshake: isHandshake, at: now) {
                    return verdict
                }
            case .needsOrigin(let origin):
                guard let arrival, isGenuine(arrival, origin, queued, at: now) else { return verdict }
            case .accept, .replace, .drop: return verdict
            }
        }
    }

    /// Finds out whether a packet can have come from where its address is, and tells the tracker.
    private mutating func isGenuine(
        _ arrival: HashedSegment,
        _ origin: PacketOrigin,
        _ packet: QueuedPacket,
        at now: Instant
    ) -> Bool {
        do throws(SystemError) {
            if try kernel.isForged(origin, mark: packet.mark, bridge: packet.bridge) {
                tracker.refuseForged(arrival, into: &output)
                return false
            }
        } catch {
            count(.findRoute, at: now, error.description)
        }
        tracker.vouch(for: arrival)
        return true
    }

    /// Does what the packets that were ruled over since the last time have led to, but for what others of them have undone.
    ///
    /// Who floods the queue with announcements so costs the kernel no more than one of them a batch.
    package mutating func settle(at now: Instant) {
        output.coalesce()
        perform(at: now)
        output.clear()
    }

    /// Rules over a packet out of the data queue: the SYN of a data connection, its SYN-ACK where there is SYNPROXY, or one of a
    /// control connection that conntrack has the wrong way round.
    package mutating func data(
        _ queued: QueuedPacket,
        _ packet: Span<UInt8>,
        at now: Instant
    ) -> PacketQueue.Verdict {
        let arrival = HashedSegment(packet, from: queued.interface)
        if let arrival, arrival.isHandshake {
            attempt(.createConnection, at: now) { (kernel) throws(SystemError) in
                try kernel.concludeHandshake(arrival.tuple)
            }
            return .accept
        }
        guard let arrival, !arrival.isBeginning else { return data(packet, at: now) }
        output.clear()
        guard tracker.mayBeReversed(arrival) else { return .accept }
        let verdict = verdict(on: queued, packet, arrival, at: now)
        if case .needsOrigin = verdict {} else { tracker.markReversed(arrival, into: &output) }
        let replacement = output.packet
        perform(at: now)
        return switch verdict {
        case .accept, .needsMapping, .needsOrigin: .accept
        case .replace: .replace(replacement)
        case .drop: .drop
        }
    }

    /// Sees to it that the SYN of a data connection finds its way, and lets it go on in any case.
    package mutating func data(_ packet: borrowing Span<UInt8>, at now: Instant) -> PacketQueue.Verdict {
        output.clear()
        if let connection = tracker.expected(packet) {
            _ = establish(connection, at: now)
        } else {
            look(at: tracker.unconfirmedData(for: packet, at: now), at: now)
            while let connection = tracker.expectedEncrypted(packet, at: now, into: &output),
                establish(connection, at: now)
            {}
        }
        perform(at: now)
        return .accept
    }

    /// Makes the entry of a data connection; `false` if that failed.
    private mutating func establish(_ connection: ExpectedConnection, at now: Instant) -> Bool {
        do throws(SystemError) {
            try kernel.establish(connection)
            tracker.confirm(connection, at: now, into: &output)
            return true
        } catch {
            count(.createConnection, at: now, error.description)
            tracker.failToEstablish(connection, into: &output)
            return false
        }
    }

    /// Does what is due by now.
    package mutating func fire(at now: Instant) {
        output.clear()
        tracker.fire(at: now, into: &output)
        perform(at: now)
    }

    /// When `fire` is next to be called; every mutating method may change it.
    package var nextDeadline: Instant? { tracker.nextDeadline }

    /// Closes an expectation by hand; `false` if there is none of that number.
    package mutating func delete(_ id: UInt64, at now: Instant) -> Bool {
        output.clear()
        let wasOpen = tracker.delete(id, into: &output)
        perform(at: now)
        return wasOpen
    }

    /// Closes every expectation and returns how many there were.
    package mutating func flush(at now: Instant) -> Int {
        output.clear()
        let count = tracker.flush(into: &output)
        perform(at: now)
        return count
    }

    /// What is allowed; a change holds from the next packet on.
    package var policy: Policy { tracker.policy }

    /// Goes by another policy from the next packet on, and by what it says of encrypted sessions at once.
    package mutating func adopt(_ policy: Policy, at now: Instant) {
        output.clear()
        tracker.policy = policy
        state?.admit(connections: policy.maximumConnections)
        tracker.review(at: now, into: &output)
        perform(at: now)
    }

    /// The kernel that it tells.
    package var system: System {
        _read { yield kernel }
        _modify { yield &kernel }
    }

    /// The open expectations, oldest first.
    package var expectations: [Expectation] { tracker.expectations }

    /// The control connections that are followed, in no particular order.
    package var connections: [ConnectionSummary] { tracker.connections }

    /// The transfers that are under way, oldest first, with what has gone over so far.
    package mutating func transfers(at now: Instant) -> [TransferSummary] {
        output.clear()
        let oldest = tracker.transfers.sorted { $0.began < $1.began }.prefix(Engine.maximumLooks)
        output.actions += oldest.map { .measure($0) }
        perform(at: now)
        return tracker.transfers.sorted { $0.began < $1.began }
    }

    /// Transfers that conntrack is asked about for one listing; of others what was learnt within the last minute has to do.
    ///
    /// Packets wait meanwhile, some 10 µs for each.
    private static var maximumLooks: Int { 1000 }

    /// All numbers, with those that are kept elsewhere as given.
    package func report(_ queue: QueueFigures?, lostLines: UInt64) -> StatisticsReport {
        var faults = faults.counts
        faults[.log] = lostLines
        return StatisticsReport(
            tracker.statistics,
            connections: tracker.connectionCount,
            expectations: tracker.expectationCount,
            transfers: tracker.transferCount,
            encryptedSessions: tracker.encryptedSessionCount,
            faults: faults,
            queue: queue
        )
    }

    /// Counts a failure, and tells it unless there was enough of its kind lately.
    package mutating func count(
        _ fault: Fault,
        _ times: UInt64 = 1,
        at now: Instant,
        _ reason: @autoclosure () -> String
    ) {
        if let notice = faults.count(fault, times, at: now, reason()) { notices.append(notice) }
    }

    /// Hands over what there is to tell, in order, and forgets it.
    package mutating func takeNotices() -> [Notice] {
        defer { notices.removeAll(keepingCapacity: true) }
        return notices
    }

    package var hasNotices: Bool { !notices.isEmpty }

    /// Asks conntrack for the connection of a packet and tells the tracker.
    ///
    /// Where it is in no zone that is known, these are searched for, while packets go on. A SYN-ACK is dropped as long:
    /// its sender sends it again a second later (RFC 6298, section 2), and then its connection is found.
    ///
    /// - Returns: What becomes of the packet; `nil` if the tracker can be asked again.
    private mutating func learn(
        _ tuple: Tuple,
        of packet: borrowing Span<UInt8>,
        isHandshake: Bool,
        at now: Instant
    ) -> Verdict? {
        // Who is turned away here for want of an answer gets no help for as long as the connection lasts.
        let entries = attemptTwice(orElse: .findConnection, at: now) { (kernel) throws(SystemError) in
            try kernel.entries(of: tuple)
        }
        if let entries, !entries.contains(where: { isNew($0) }) {
            if !kernel.isSearching, searches.admit(at: now) != nil {
                attempt(.findConnection, at: now) { (kernel) throws(SystemError) in
                    try kernel.beginSearch()
                }
            }
            if kernel.isSearching, isHandshake { return .drop }
            // Another packet of it will come.
            if kernel.isSearching, entries.isEmpty { return .accept }
        }
        guard let entry = entries.flatMap({ choice(among: $0) }) else {
            tracker.refuseUnmapped(packet, into: &output)
            return .accept
        }
        learn(entry, at: now)
        return nil
    }

    /// Does one step of a search for conntrack's zones, a few hundred microseconds at most.
    package mutating func search(at now: Instant) {
        attempt(.findConnection, at: now) { (kernel) throws(SystemError) in try kernel.continueSearch() }
    }

    /// Tells whether an entry may be the one of a packet that is of no connection that is followed.
    private func isNew(_ entry: ConntrackEntry) -> Bool {
        entry.phase == .opening || !tracker.follows(entry.mapping)
    }

    /// The entry of such a packet among those of all zones; `nil` if it cannot be told.
    ///
    /// What is put down to the connection of another zone would open something there.
    private func choice(among entries: [ConntrackEntry]) -> ConntrackEntry? {
        let new = entries.filter { isNew($0) }
        let candidates = new.isEmpty ? entries : new
        guard candidates.count > 1 else { return candidates.first }
        let opening = candidates.filter { $0.phase == .opening }
        return opening.count == 1 ? opening.first : nil
    }

    private mutating func learn(_ entry: ConntrackEntry, at now: Instant) {
        // Another connection may have begun in the entry of one that passed by (`TCP_CONNTRACK_IGNORE`).
        if entry.phase == .opening, kernel.isReleased(entry) {
            attempt(.setMark, at: now) { (kernel) throws(SystemError) in try kernel.recall(entry.mapping) }
        }
        if let helper = entry.helper {
            let original = entry.mapping.original
            count(
                .kernelHelper,
                at: now,
                "\(original.source) to \(original.destination) has the kernel helper \(helper) and is left to it"
            )
        }
        tracker.learn(
            entry.mapping,
            entryID: entry.id,
            isHelped: entry.helper != nil,
            shifted: entry.shifted,
            hasMaster: entry.master != nil,
            phase: entry.phase,
            at: now,
            into: &output
        )
    }

    /// Performs the actions in order, those too that the tracker adds while being told how others went, and keeps what has
    /// changed.
    ///
    /// What is to be opened comes last, when it is kept already, and what is to be closed before that is kept: whenever the
    /// daemon is killed, nothing is open that the next one does not know of.
    private mutating func perform(at now: Instant) {
        var next = 0
        repeat {
            while next < output.actions.count {
                if case .open(let expectation) = output.actions[next] {
                    openings.append(expectation)
                } else {
                    perform(output.actions[next], at: now)
                }
                next += 1
            }
            keep(at: now)
            for expectation in openings { open(expectation, at: now) }
            openings.removeAll(keepingCapacity: true)
        } while next < output.actions.count
        output.actions.removeAll(keepingCapacity: true)
    }

    /// Keeps what has changed.
    private mutating func keep(at now: Instant) {
        if let error = Engine.keep(&tracker, &state) { count(.state, at: now, error.description) }
        Engine.keep(&tracker, &rejected)
    }

    /// Keeps what has changed of connections that are not followed.
    private static func keep(_ tracker: inout Tracker, _ rejected: inout RejectedConnectionFile?) {
        tracker.takeRejectedConnections { number, word in rejected?.write(word, number) }
    }

    /// Keeps the records that have changed.
    private static func keep(_ tracker: inout Tracker, _ state: inout StateFile?) -> SystemError? {
        tracker.takeRecords { (old, record) throws(SystemError) in
            try state?.keep(record, inPlaceOf: old) ?? 0
        }
    }

    /// Goes on with the connections that an earlier daemon has left records of, as far as conntrack still has them.
    ///
    /// - Parameters:
    ///   - records: the newest first.
    ///   - now: the time.
    /// - Returns: How many went on, and how many did not.
    package mutating func restore(_ records: [[UInt64]], at now: Instant) -> (restored: Int, dropped: Int) {
        output.clear()
        var restored = 0
        var outdated = 0
        var gone: [IPAddress] = []
        for record in records {
            guard let kept = KeptConnection(record, at: now) else { continue }
            // It was killed when it had written a newer record, and not yet given up this one.
            guard !tracker.follows(kept.mapping) else {
                outdated += 1
                continue
            }
            guard restore(kept, at: now) else {
                if kept.isReversed { output.actions.append(.unwatch(kept.mapping)) }
                // It has begun in sight of somebody, and `survey` is not to take it for one that has not.
                tracker.reject(kept.mapping)
                guard let expectation = kept.expectation else { continue }
                gone += kept.admitted
                if expectation.kind != .ftps { output.actions.append(.close(expectation)) }
                continue
            }
            restored += 1
        }
        output.actions += gone.filter { !tracker.isAdmitted($0) }.map(Action.withdraw)
        perform(at: now)
        return (restored, records.count - restored - outdated)
    }

    /// Goes on with one of them; `false` if conntrack has another in its place, or there is no place for it here.
    private mutating func restore(_ kept: KeptConnection, at now: Instant) -> Bool {
        let whereabouts = whereabouts(of: kept, at: now)
        guard whereabouts != .replaced, whereabouts != .forgotten || kept.outlivesConntrack,
            tracker.restore(kept, isCertain: whereabouts != .thereAgain, at: now, into: &output)
        else { return false }
        switch whereabouts {
        case .closing: tracker.endSession(of: kept.mapping, into: &output)
        case .forgotten: tracker.forget(kept.mapping, at: now, into: &output)
        case .there, .thereAgain, .replaced: break
        }
        return true
    }

    /// Finds the connections that were established while none of their packets could come by; they may be adopted (contract S2).
    ///
    /// Those that shake hands just then are not: they are followed from their SYN-ACK on, unless bytes may have passed unseen.
    ///
    /// To be called when a daemon starts, before it takes packets and after `restore`, and when rules are loaded: packets wait
    /// meanwhile, some 0.4 s for 100,000 connections.
    ///
    /// - Parameters:
    ///   - predecessor: such as an earlier daemon has not followed though they began in its sight.
    ///   - now: the time.
    /// - Returns: How many there are, whatever their ports.
    package mutating func survey(predecessor: RejectedConnections? = nil, at now: Instant) -> Int {
        output.clear()
        var found = 0
        do throws(SystemError) {
            try Engine.survey(&kernel, &tracker, predecessor, at: now, counting: &found)
        } catch {
            count(.findConnection, at: now, error.description)
        }
        perform(at: now)
        return found
    }

    private static func survey(
        _ kernel: inout System,
        _ tracker: inout Tracker,
        _ predecessor: RejectedConnections?,
        at now: Instant,
        counting found: inout Int
    ) throws(SystemError) {
        try kernel.survey { entry in
            guard !entry.isShakingHands else {
                tracker.noteOpening(entry.mapping, predecessor: predecessor, at: now)
                return
            }
            found += 1
            if entry.master != nil {
                tracker.reject(entry.mapping)
            } else {
                tracker.noteEarlier(entry.mapping, entryID: entry.id, predecessor: predecessor)
            }
        }
    }

    /// Lets the next daemon find what this one keeps.
    package mutating func publishState() throws(SystemError) {
        try rejected?.publish()
        try state?.publish()
    }

    /// What has become of a connection in conntrack: it has another entry if it was found again after `conntrack -F`.
    private enum Whereabouts { case there, closing, thereAgain, forgotten, replaced }

    /// Looks for a connection in conntrack.
    private mutating func whereabouts(of kept: KeptConnection, at now: Instant) -> Whereabouts {
        do throws(SystemError) {
            guard let entry = try kernel.entry(for: kept.mapping.original) else { return .forgotten }
            guard entry.isOf(kept.mapping) else { return .replaced }
            guard entry.id == kept.entryID else { return .thereAgain }
            return entry.isEstablished ? .there : .closing
        } catch {
            count(.findConnection, at: now, error.description)
            return .replaced
        }
    }

    /// Makes a request that nobody repeats: once more if the kernel had no memory for it just now.
    ///
    /// Each failure is counted.
    private mutating func attemptTwice<Result>(
        orElse fault: Fault,
        at now: Instant,
        on request: (inout System) throws(SystemError) -> Result
    ) -> Result? {
        for _ in 0..<2 {
            do throws(SystemError) {
                return try request(&kernel)
            } catch {
                count(fault, at: now, error.description)
                guard error.isMomentary else { return nil }
            }
        }
        return nil
    }

    /// Makes a request whose failure is only counted.
    private mutating func attempt(
        _ fault: Fault,
        at now: Instant,
        _ request: (inout System) throws(SystemError) -> Void
    ) {
        do throws(SystemError) {
            try request(&kernel)
        } catch {
            count(fault, at: now, error.description)
        }
    }

    private mutating func perform(_ action: Action, at now: Instant) {
        switch action {
        case .open(let expectation): open(expectation, at: now)
        case .close(let expectation):
            attempt(.closePinhole, at: now) { (kernel) throws(SystemError) in try kernel.close(expectation) }
        case .beLiberal(let mapping):
            // It is asked for once, and without it the connection stalls.
            _ = attemptTwice(orElse: .setLiberal, at: now) { (kernel) throws(SystemError) in
                try kernel.beLiberal(mapping)
            }
        case .admit(let address):
            let isAdmitted: Void? = attemptTwice(orElse: .openPinhole, at: now) {
                (kernel) throws(SystemError) in
                try kernel.admit(address)
            }
            if isAdmitted == nil { tracker.fail(address, into: &output) }
        case .withdraw(let address):
            attempt(.closePinhole, at: now) { (kernel) throws(SystemError) in try kernel.withdraw(address) }
        case .watch(let mapping):
            _ = attemptTwice(orElse: .openPinhole, at: now) { (kernel) throws(SystemError) in
                try kernel.watch(mapping)
            }
        case .unwatch(let mapping):
            attempt(.closePinhole, at: now) { (kernel) throws(SystemError) in try kernel.unwatch(mapping) }
        case .release(let mapping):
            // Without it the packets come by, and that is all.
            attempt(.setMark, at: now) { (kernel) throws(SystemError) in try kernel.release(mapping) }
        case .recall(let mapping):
            attempt(.setMark, at: now) { (kernel) throws(SystemError) in try kernel.recall(mapping) }
        case .abandon(let data):
            abandon(data, at: now)
        case .verify(let mapping):
            verify(mapping, at: now)
        case .measure(let transfer):
            measure(transfer, at: now)
        case .inject(let packet):
            attempt(.injectPacket, at: now) { (kernel) throws(SystemError) in try kernel.inject(packet) }
        case .report(.refused(let refusal)):
            // A client may send thousands of such lines a second, and a log is read by people.
            guard let leftOut = refusals.admit(at: now) else { return }
            notices.append(.event(.refused(refusal), leftOut: leftOut))
        case .report(let event):
            notices.append(.event(event, leftOut: 0))
        }
    }

    /// Opens an expectation; one that the kernel does not take is none.
    private mutating func open(_ expectation: Expectation, at now: Instant) {
        do throws(SystemError) {
            // 0 would be for ever, as long as the set lasts.
            let seconds = max(1, now.seconds(until: expectation.deadline).rounded(.up))
            try kernel.open(expectation, timeout: UInt32(min(seconds, Double(UInt32.max))))
        } catch {
            count(.openPinhole, at: now, error.description)
            tracker.fail(expectation, into: &output)
        }
    }

    /// Asks conntrack what has gone over the data connection of a transfer, and tells the tracker.
    private mutating func measure(_ transfer: TransferSummary, at now: Instant) {
        guard let data = transfer.data else { return }
        do throws(SystemError) {
            // Another connection may have its tuple by now.
            let entry = try kernel.entry(for: data.original).flatMap {
                $0.isData(of: transfer.master) ? $0 : nil
            }
            tracker.measured(
                transfer,
                entry?.traffic,
                isOver: entry?.isClosing ?? true,
                at: now,
                into: &output
            )
        } catch {
            count(.findConnection, at: now, error.description)
            tracker.measured(transfer, nil, isOver: true, at: now, into: &output)
        }
    }

    /// Asks conntrack whether a connection is still there, and tells the tracker if it says anything.
    private mutating func verify(_ mapping: Mapping, at now: Instant) {
        do throws(SystemError) {
            if let entry = try kernel.entry(for: mapping.original), entry.isOf(mapping) {
                tracker.noteDirection(of: mapping, isReversed: entry.mapping != mapping, into: &output)
                tracker.learn(
                    mapping,
                    entryID: entry.id,
                    isHelped: entry.helper != nil,
                    shifted: entry.shifted,
                    hasMaster: entry.master != nil,
                    phase: .established,
                    at: now,
                    into: &output
                )
                if !entry.isEstablished { tracker.endSession(of: mapping, into: &output) }
            } else {
                tracker.forget(mapping, at: now, into: &output)
            }
        } catch {
            count(.findConnection, at: now, error.description)
        }
        look(at: tracker.dataConnections(of: mapping), at: now)
    }

    /// Asks conntrack how data connections of encrypted sessions are doing, and tells the tracker.
    private mutating func look(at connections: [Tuple], at now: Instant) {
        for tuple in connections {
            do throws(SystemError) {
                guard let entry = try dataEntry(of: tuple) else {
                    tracker.endDataConnection(tuple)
                    continue
                }
                if entry.hasSeenReply { tracker.confirm(tuple, at: now) } else { tracker.suspect(tuple) }
                guard entry.isOver else { continue }
                // An RST may have been for conntrack alone; then what it has called over would go on, and not count.
                if entry.isCutOff { try kernel.delete(entry) }
                tracker.endDataConnection(tuple)
            } catch {
                count(.findConnection, at: now, error.description)
            }
        }
    }

    /// Takes a data connection of an encrypted session out of conntrack, unless somebody has answered it.
    private mutating func abandon(_ data: Tuple, at now: Instant) {
        do throws(SystemError) {
            if let entry = try dataEntry(of: data), !entry.hasSeenReply { try kernel.delete(entry) }
        } catch {
            count(.findConnection, at: now, error.description)
        }
    }

    /// What conntrack has of such a data connection: another one may have its tuple by now, of which it is not the master.
    private mutating func dataEntry(of tuple: Tuple) throws(SystemError) -> ConntrackEntry? {
        let entry = try kernel.entry(for: tuple)
        return entry?.mapping.original == tuple && entry?.master != nil ? entry : nil
    }
}

extension ConntrackEntry {
    /// Tells whether a connection with that original tuple is its master, which may have become the wrong way round meanwhile.
    fileprivate func isData(of control: Tuple) -> Bool {
        master?.isAlike(control) == true || master?.isAlike(control.inverted) == true
    }
}
