package import FTPHelper
package import Netfilter

/// What happens to a packet: the tracker decides, the kernel is told, and the packet gets its ruling.
///
/// Every packet gets exactly one ruling, whatever fails on the way: a failure is counted, told as a notice, and the
/// packet goes on as well as it can. What a packet announces is open in the kernel before its ruling is given.
package struct PacketPath<System: Kernel & ~Copyable>: ~Copyable {
    private var tracker: Tracker
    private var kernel: System
    /// What survives this process; `nil` if nothing does.
    private var state: StateFile?
    private var output = Output()
    /// The packets of the batch in hand; kept for the storage.
    private var arrivals: [HashedSegment?] = []
    private var faults = FaultCounter()
    private var refusals = RateLimiter(burst: 100, period: 10)
    /// Anybody can send packets of connections that there are not.
    private var searches = RateLimiter(burst: 3, period: 10)
    private var notices: [Notice] = []

    package init(_ policy: Policy, _ kernel: consuming System, state: consuming StateFile? = nil) {
        let keepsRecords = state != nil
        tracker = Tracker(policy: policy, keepsRecords: keepsRecords)
        self.kernel = kernel
        self.state = state
    }

    /// Rules over one of several packets of control connections; with the first, it looks at all of them.
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
    ) -> PacketQueue.Ruling {
        if number == 0 {
            arrivals.removeAll(keepingCapacity: true)
            for packet in packets {
                arrivals.append(packet.payload.flatMap { HashedSegment(bytes.extracting($0)) })
            }
            tracker.fetch(arrivals)
        }
        guard let payload = packets[number].payload else { return .accept }
        let packet = bytes.extracting(payload)
        output.clear()
        var verdict = tracker.receive(packet, arrivals[number], at: now, into: &output)
        if case .needsMapping(let tuple) = verdict, learn(tuple, of: packet, at: now) {
            verdict = tracker.receive(packet, arrivals[number], at: now, into: &output)
        }
        perform(at: now)
        return switch verdict {
        case .accept, .needsMapping: .accept
        case .replace: .replace(output.packet)
        case .drop: .drop
        }
    }

    /// Sees to it that the SYN of a data connection finds its way, and lets it go on in any case.
    package mutating func data(_ packet: borrowing Span<UInt8>, at now: Instant) -> PacketQueue.Ruling {
        output.clear()
        if let connection = tracker.expected(packet) {
            _ = establish(connection, at: now)
        } else {
            finish(tracker.doubtful(packet, at: now), at: now)
            while let connection = tracker.request(packet, at: now, into: &output),
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
            tracker.doubt(connection, into: &output)
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
        let oldest = tracker.transfers.sorted { $0.began < $1.began }.prefix(PacketPath.maximumLooks)
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

    /// Asks conntrack for the connection of a packet and tells the tracker; `false` if there is nothing to tell.
    private mutating func learn(
        _ tuple: Tuple,
        of packet: borrowing Span<UInt8>,
        at now: Instant
    ) -> Bool {
        // Who is turned away here for want of an answer gets no help for as long as the connection lasts.
        var entries = insist(orElse: .findConnection, at: now) { (kernel) throws(SystemError) in
            try kernel.entries(of: tuple)
        }
        if let known = entries, !known.contains(where: { isNew($0) }), searches.admit(at: now) != nil {
            let found = insist(orElse: .findConnection, at: now) { (kernel) throws(SystemError) in
                try kernel.search(for: tuple)
            }
            if let found, !found.isEmpty { entries = found }
        }
        guard let entry = entries.flatMap({ choice(among: $0) }) else {
            tracker.refuseUnmapped(packet, into: &output)
            return false
        }
        learn(entry, at: now)
        return true
    }

    /// Tells whether an entry may be the one of a packet that is of no connection that is followed.
    private func isNew(_ entry: ConntrackEntry) -> Bool { entry.isOpening || !tracker.follows(entry.mapping) }

    /// The entry of such a packet among those of all zones; `nil` if it cannot be told.
    ///
    /// What is put down to the connection of another zone would open something there.
    private func choice(among entries: [ConntrackEntry]) -> ConntrackEntry? {
        let new = entries.filter { isNew($0) }
        let candidates = new.isEmpty ? entries : new
        guard candidates.count > 1 else { return candidates.first }
        let opening = candidates.filter(\.isOpening)
        return opening.count == 1 ? opening.first : nil
    }

    private mutating func learn(_ entry: ConntrackEntry, at now: Instant) {
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
            isOpening: entry.isOpening,
            at: now,
            into: &output
        )
    }

    /// Performs the actions in order, those too that the tracker adds while being told how others went, and keeps what has
    /// changed.
    private mutating func perform(at now: Instant) {
        var next = 0
        while next < output.actions.count {
            perform(output.actions[next], at: now)
            next += 1
        }
        if let error = PacketPath.keep(&tracker, &state) { count(.state, at: now, error.description) }
    }

    /// Keeps the records that have changed.
    private static func keep(_ tracker: inout Tracker, _ state: inout StateFile?) -> SystemError? {
        var failure: SystemError?
        tracker.takeRecords { old, record in
            do throws(SystemError) {
                return try state?.keep(record, inPlaceOf: old) ?? 0
            } catch {
                failure = error
                return 0
            }
        }
        return failure
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
            if isThere(kept, at: now) {
                if tracker.restore(kept, at: now, into: &output) { restored += 1 }
            } else if let expectation = kept.expectation {
                gone += kept.admitted
                if expectation.kind != .ftps { output.actions.append(.close(expectation)) }
            }
        }
        output.actions += gone.filter { !tracker.isAdmitted($0) }.map(Action.withdraw)
        perform(at: now)
        return (restored, records.count - restored - outdated)
    }

    /// Lets the next daemon find what this one keeps.
    package mutating func publishState() throws(SystemError) { try state?.publish() }

    /// Tells whether conntrack has the connection, and has had it ever since.
    private mutating func isThere(_ kept: KeptConnection, at now: Instant) -> Bool {
        do throws(SystemError) {
            let entry = try kernel.entry(for: kept.mapping.original)
            return entry?.mapping == kept.mapping && entry?.id == kept.entryID
        } catch {
            count(.findConnection, at: now, error.description)
            return false
        }
    }

    /// Makes a request that nobody repeats: once more if the kernel had no memory for it just now.
    ///
    /// Each failure is counted.
    private mutating func insist<Result>(
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
        case .open(let expectation):
            do throws(SystemError) {
                // 0 would be for ever, as long as the set lasts.
                let seconds = max(1, now.seconds(until: expectation.deadline).rounded(.up))
                try kernel.open(expectation, timeout: UInt32(min(seconds, Double(UInt32.max))))
            } catch {
                count(.openPinhole, at: now, error.description)
                tracker.fail(expectation, into: &output)
            }
        case .close(let expectation):
            attempt(.closePinhole, at: now) { (kernel) throws(SystemError) in try kernel.close(expectation) }
        case .beLiberal(let mapping):
            // It is asked for once, and without it the connection stalls.
            _ = insist(orElse: .setLiberal, at: now) { (kernel) throws(SystemError) in
                try kernel.beLiberal(mapping)
            }
        case .admit(let address):
            let isAdmitted: Void? = insist(orElse: .openPinhole, at: now) { (kernel) throws(SystemError) in
                try kernel.admit(address)
            }
            if isAdmitted == nil { tracker.fail(address, into: &output) }
        case .withdraw(let address):
            attempt(.closePinhole, at: now) { (kernel) throws(SystemError) in try kernel.withdraw(address) }
        case .release(let mapping):
            // Without it the packets come by, and that is all.
            attempt(.setMark, at: now) { (kernel) throws(SystemError) in try kernel.release(mapping) }
        case .recall(let mapping):
            attempt(.setMark, at: now) { (kernel) throws(SystemError) in try kernel.recall(mapping) }
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

    /// Asks conntrack what has gone over the data connection of a transfer, and tells the tracker.
    private mutating func measure(_ transfer: TransferSummary, at now: Instant) {
        guard let data = transfer.data else { return }
        do throws(SystemError) {
            // Another connection may have its tuple by now.
            let entry = try kernel.entry(for: data.original).flatMap {
                $0.master?.isAlike(transfer.master) == true ? $0 : nil
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
            if let entry = try kernel.entry(for: mapping.original), entry.mapping == mapping {
                tracker.learn(
                    mapping,
                    entryID: entry.id,
                    isHelped: entry.helper != nil,
                    at: now,
                    into: &output
                )
            } else {
                tracker.forget(mapping, at: now, into: &output)
            }
        } catch {
            count(.findConnection, at: now, error.description)
        }
        finish(tracker.dataConnections(of: mapping), at: now)
    }

    /// Asks conntrack which data connections of encrypted sessions are over, and tells the tracker.
    private mutating func finish(_ connections: [Tuple], at now: Instant) {
        for tuple in connections {
            do throws(SystemError) {
                let entry = try kernel.entry(for: tuple)
                if entry?.mapping.original != tuple || entry?.isOver == true { tracker.finish(tuple) }
            } catch {
                count(.findConnection, at: now, error.description)
            }
        }
    }
}
