// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
import Linux
package import Netfilter

/// Processes queued packets: asks the tracker, performs its actions in the kernel, and returns a verdict for each packet.
///
/// Every packet gets exactly one verdict, whatever fails. A failure is counted and reported as a notice, and the packet is
/// accepted with as much help as is left. An announced expectation is open in the kernel before the packet goes on.
package struct Engine<System: Kernel & ~Copyable>: ~Copyable {
    var tracker: Tracker
    var kernel: System
    /// The records for the next daemon; `nil` if none are kept.
    var state: StateFile?
    var rejected: RejectedConnectionFile?
    var output = Output()
    /// Expectations to open after all other actions; a buffer that is reused.
    var openings: [Expectation] = []
    /// The parsed packets of the current batch; a buffer that is reused.
    var arrivals: [HashedSegment?] = []
    var faults = FaultCounter()
    var refusals = RateLimiter(burst: 100, period: 10)
    /// Rate-limits conntrack searches for packets of unknown connections.
    var searches = RateLimiter(burst: 3, period: 10)
    var notices: [Notice] = []
    var rules = RulesState()

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

    /// Decides on one packet of a batch from the control queue; the call for packet 0 also parses and prefetches the whole batch.
    ///
    /// The resulting actions are collected. Call `settle` before any verdict of the batch is sent.
    ///
    /// - Parameters:
    ///   - packets: all packets of the batch.
    ///   - number: the index of the packet to decide on; call it for each index in order.
    ///   - bytes: the buffer that `packets` refers to.
    ///   - now: the current time.
    /// - Returns: The verdict.
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

    /// Asks the tracker for a verdict, and the kernel for what the tracker needs to know first.
    mutating func verdict(
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
                // Looked up already: conntrack does not have it as a new connection.
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

    /// Checks by the routes whether a packet's source address fits the interface it came from, and tells the tracker.
    mutating func isGenuine(
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

    /// Performs the actions collected since the last call, without those that later packets made obsolete.
    ///
    /// A flood of announcements therefore costs the kernel one request per connection and batch.
    package mutating func settle(at now: Instant) {
        output.coalesce()
        perform(at: now)
        output.clear()
    }

    /// Decides on a packet from the data queue: the SYN of a data connection, its SYN-ACK if there is SYNPROXY, or a packet of a
    /// control connection whose conntrack entry is reversed.
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

    /// Creates the conntrack entry of a data connection for its SYN, and accepts the SYN in any case.
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

    /// Creates the conntrack entry of a data connection; `false` if that failed.
    mutating func establish(_ connection: ExpectedConnection, at now: Instant) -> Bool {
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

    /// Performs everything that is due.
    package mutating func fire(at now: Instant) {
        output.clear()
        tracker.fire(at: now, into: &output)
        perform(at: now)
    }

    /// When to call `fire` next; every mutating method may change it.
    package var nextDeadline: Instant? { tracker.nextDeadline }

    /// The policy in force.
    package var policy: Policy { tracker.policy }

    /// Replaces the policy: at once for encrypted sessions, and from the next packet on for everything else.
    package mutating func adopt(_ policy: Policy, at now: Instant) {
        output.clear()
        tracker.policy = policy
        state?.admit(connections: policy.maximumConnections)
        tracker.review(at: now, into: &output)
        perform(at: now)
    }

    /// The kernel that performs the actions.
    package var system: System {
        _read { yield kernel }
        _modify { yield &kernel }
    }

    /// Counts a failure and reports it as a notice, at a limited rate per kind.
    package mutating func count(
        _ fault: Fault,
        _ times: UInt64 = 1,
        at now: Instant,
        _ reason: @autoclosure () -> String
    ) {
        if let notice = faults.count(fault, times, at: now, reason()) { notices.append(notice) }
    }

    /// Returns the pending notices in order and clears them.
    package mutating func takeNotices() -> [Notice] {
        defer { notices.removeAll(keepingCapacity: true) }
        return notices
    }

    package var hasNotices: Bool { !notices.isEmpty }
}
