// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Linux
import Netfilter

/// Performs the tracker's actions and writes the state that has to survive the daemon.
extension Engine where System: ~Copyable {
    /// Performs the actions in order, writes the records that changed, and reports to the tracker what the kernel answered; then
    /// the same with the actions that follow from the answers.
    ///
    /// The order is: close, write the records, open. If the daemon is killed at any point, everything that is open in the kernel
    /// is in the records that the next daemon reads.
    mutating func perform(at now: Instant) {
        repeat {
            swap(&actions, &output.actions)
            for index in actions.indices {
                if case .open(let expectation) = actions[index] {
                    openings.append(expectation)
                } else {
                    perform(actions[index], at: now)
                }
            }
            writeState(at: now)
            for expectation in openings { open(expectation, at: now) }
            openings.removeAll(keepingCapacity: true)
            actions.removeAll(keepingCapacity: true)
            for completion in completions { tracker.complete(completion, at: now, into: &output) }
            completions.removeAll(keepingCapacity: true)
        } while !output.actions.isEmpty
        // What the answers changed without an action.
        writeState(at: now)
        if nextSetLook == nil { planSetLook(at: now) }
    }

    /// Writes everything that changed to the state files.
    mutating func writeState(at now: Instant) {
        if let error = Engine.write(&tracker, &state, &changes) {
            notices.count(.state, at: now, error.description)
        }
        Engine.write(&tracker, &rejected, &changes)
    }

    /// Writes the changed words of the rejected connections.
    static func write(
        _ tracker: inout Tracker,
        _ rejected: inout RejectedConnectionFile?,
        _ changes: inout RecordChanges
    ) {
        tracker.takeRejectedConnections { number, word in
            rejected?.write(word, number)
            changes.append(Frame(.rejected, UInt64(number), words: [word]))
        }
    }

    /// Writes the records that changed; returns the last error.
    static func write(
        _ tracker: inout Tracker,
        _ state: inout StateFile?,
        _ changes: inout RecordChanges
    ) -> SystemError? {
        tracker.takeRecords { (old, record) throws(SystemError) in
            guard let place = try state?.keep(record, inPlaceOf: old), let sequence = state?.sequence else {
                return 0
            }
            changes.append(
                Frame(.kept, sequence: sequence, UInt64(old), UInt64(place), words: record ?? [])
            )
            return place
        }
    }

    /// The message with which the stream of changes begins: those after `sequence` follow.
    package mutating func beginFollowing(_ statePath: String) -> Frame {
        Frame(
            .hello,
            sequence: state?.sequence ?? 0,
            KeptConnection.version,
            words: Frame.words(of: statePath)
        )
    }

    /// Makes a request that is made only once per connection; retries it once if the kernel was out of memory.
    ///
    /// Counts each failure. Returns `nil` if the request failed.
    mutating func attemptTwice<Result>(
        orElse fault: Fault,
        at now: Instant,
        on request: (inout System) throws(SystemError) -> Result
    ) -> Result? {
        for _ in 0..<2 {
            do throws(SystemError) {
                return try request(&kernel)
            } catch {
                notices.count(fault, at: now, error.description)
                guard error.isMomentary else { return nil }
            }
        }
        return nil
    }

    /// Makes a request and counts its failure.
    mutating func attempt(
        _ fault: Fault,
        at now: Instant,
        _ request: (inout System) throws(SystemError) -> Void
    ) {
        do throws(SystemError) {
            try request(&kernel)
        } catch {
            notices.count(fault, at: now, error.description)
        }
    }

    mutating func perform(_ action: Action, at now: Instant) {
        switch action {
        case .open(let expectation): open(expectation, at: now)
        case .close(let expectation):
            attempt(.closePinhole, at: now) { (kernel) throws(SystemError) in try kernel.close(expectation) }
        case .beLiberal(let mapping):
            // Not repeated later, and without it conntrack drops the rewritten packets.
            _ = attemptTwice(orElse: .setLiberal, at: now) { (kernel) throws(SystemError) in
                try kernel.beLiberal(mapping)
            }
        case .queueSYNs(let address):
            let isQueued: Void? = attemptTwice(orElse: .openPinhole, at: now) {
                (kernel) throws(SystemError) in
                try kernel.queueSYNs(from: address)
            }
            if isQueued == nil { completions.append(.notQueued(address)) }
        case .stopQueueingSYNs(let address):
            attempt(.closePinhole, at: now) { (kernel) throws(SystemError) in
                try kernel.stopQueueingSYNs(from: address)
            }
        case .keepAlive(let mapping):
            attempt(.findConnection, at: now) { (kernel) throws(SystemError) in
                try kernel.keepAlive(mapping)
            }
            // Whoever changes it need not restart the daemon.
            tracker.establishedTimeout = kernel.establishedTimeout
        case .watch(let mapping):
            _ = attemptTwice(orElse: .openPinhole, at: now) { (kernel) throws(SystemError) in
                try kernel.watch(mapping)
            }
        case .unwatch(let mapping):
            attempt(.closePinhole, at: now) { (kernel) throws(SystemError) in try kernel.unwatch(mapping) }
        case .bypassQueue(let mapping):
            // If it fails, the packets keep passing through the queue.
            attempt(.setMark, at: now) { (kernel) throws(SystemError) in try kernel.bypassQueue(mapping) }
        case .requeue(let mapping):
            attempt(.setMark, at: now) { (kernel) throws(SystemError) in try kernel.requeue(mapping) }
        case .abandon(let data):
            abandon(data, at: now)
        case .verify(let mapping):
            verify(mapping, at: now)
        case .measure(let transfer):
            measure(transfer, at: now)
        case .inject(let packet):
            attempt(.injectPacket, at: now) { (kernel) throws(SystemError) in try kernel.inject(packet) }
        case .report(let event): notices.report(event, at: now)
        }
    }

    /// Opens an expectation in the kernel; if that fails, the tracker drops it.
    mutating func open(_ expectation: Expectation, at now: Instant) {
        do throws(SystemError) {
            // A timeout of 0 means that the element never expires.
            let seconds = max(1, now.seconds(until: expectation.deadline).rounded(.up))
            try kernel.open(expectation, timeout: UInt32(min(seconds, Double(UInt32.max))))
        } catch {
            notices.count(.openPinhole, at: now, error.description)
            completions.append(.notOpened(expectation))
        }
    }

    /// Deletes the conntrack entry of an encrypted session's data connection, unless it has seen a reply.
    mutating func abandon(_ data: Tuple, at now: Instant) {
        do throws(SystemError) {
            if let entry = try dataEntry(of: data), !entry.hasSeenReply { try kernel.delete(entry) }
        } catch {
            notices.count(.findConnection, at: now, error.description)
        }
    }
}
