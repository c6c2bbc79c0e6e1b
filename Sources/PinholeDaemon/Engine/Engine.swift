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
    /// Changes of the records that have not been sent to followers yet; the caller takes them from here.
    package var changes = RecordChanges()
    /// Notices for the log and the event stream; the caller takes them from here.
    package var notices = Notices()
    var output = Output()
    /// The actions being performed, and what the kernel answered; buffers that are reused.
    var actions: [Action] = []
    var completions: [Completion] = []
    /// Expectations to open after all other actions; a buffer that is reused.
    var openings: [Expectation] = []
    /// The parsed packets of the current batch; a buffer that is reused.
    var arrivals: [HashedSegment?] = []
    /// Rate-limits conntrack searches for packets of unknown connections.
    var searches = RateLimiter(burst: 3, period: 10)
    var rules = RulesState()
    /// When to look next whether the sets have what is open; `nil` while nothing is.
    var nextSetLook: Instant?

    package init(
        _ policy: Policy,
        _ kernel: consuming System,
        state: consuming StateFile? = nil,
        rejected: consuming RejectedConnectionFile? = nil
    ) {
        let keepsRecords = state != nil
        tracker = Tracker(policy: policy, keepsRecords: keepsRecords)
        tracker.establishedTimeout = kernel.establishedTimeout
        self.kernel = kernel
        self.state = state
        self.rejected = rejected
        self.rejected?.write(key: tracker.rejectedConnectionsKey)
    }

    /// Decides on packets from the control queue, performs the resulting actions, and gives the verdicts.
    ///
    /// - Parameters:
    ///   - packets: packets of one batch, in order.
    ///   - bytes: the buffer that `packets` refers to.
    ///   - now: the current time.
    ///   - verdicts: receives the verdicts, until it is full.
    /// - Returns: The number of packets that got a verdict.
    package mutating func control(
        _ packets: ArraySlice<QueuedPacket>,
        in bytes: borrowing Span<UInt8>,
        at now: Instant,
        into verdicts: inout VerdictBatch
    ) -> Int {
        let count = decide(packets, in: bytes, at: now, into: &verdicts)
        settle(at: now)
        return count
    }

    /// Decides on packets from the control queue; what they lead to is collected for `settle`.
    mutating func decide(
        _ packets: ArraySlice<QueuedPacket>,
        in bytes: borrowing Span<UInt8>,
        at now: Instant,
        into verdicts: inout VerdictBatch
    ) -> Int {
        arrivals.removeAll(keepingCapacity: true)
        for packet in packets {
            arrivals.append(
                packet.payload.flatMap { HashedSegment(bytes.extracting($0), from: packet.interface) }
            )
        }
        tracker.prefetch(arrivals)
        for (number, queued) in packets.enumerated() {
            guard let payload = queued.payload else {
                verdicts.accept(queued.id)
                continue
            }
            output.clearPacket()
            let verdict = verdict(on: queued, bytes.extracting(payload), arrivals[number], at: now)
            give(verdict, to: queued, into: &verdicts)
            guard !verdicts.isFull else { return number + 1 }
        }
        return packets.count
    }

    func give(_ verdict: Verdict, to queued: QueuedPacket, into verdicts: inout VerdictBatch) {
        switch verdict {
        case .accept, .needsMapping, .needsOrigin: verdicts.accept(queued.id)
        case .replace: verdicts.replace(queued.id, with: output.packet)
        case .drop: verdicts.drop(queued.id)
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
            notices.count(.findRoute, at: now, error.description)
        }
        tracker.acceptOrigin(of: arrival)
        return true
    }

    /// Performs the actions collected since the last call, without those that later packets made obsolete.
    ///
    /// A flood of announcements therefore costs the kernel one request per connection and batch.
    mutating func settle(at now: Instant) {
        output.coalesce()
        perform(at: now)
        output.clear()
    }

    /// Performs everything that is due.
    package mutating func fire(at now: Instant) {
        lookAfterSets(at: now)
        output.clear()
        tracker.fire(at: now, into: &output)
        perform(at: now)
    }

    /// When to call `fire` next; every mutating method may change it.
    package var nextDeadline: Instant? {
        guard let look = nextSetLook else { return tracker.nextDeadline }
        return min(look, tracker.nextDeadline ?? look)
    }

    /// The policy in force.
    package var policy: Policy { tracker.policy }

    /// Replaces the policy: at once for encrypted sessions, and from the next packet on for everything else.
    package mutating func adopt(_ policy: Policy, at now: Instant) {
        output.clear()
        tracker.policy = policy
        state?.reserve(connections: policy.maximumConnections)
        tracker.review(at: now, into: &output)
        perform(at: now)
    }

    /// The clients and servers whose sessions are traced.
    package var traced: [TraceTarget] {
        get { tracker.traced }
        set { tracker.traced = newValue }
    }

    /// The targets in `traced` that an event concerns.
    package func targets(of event: Event) -> [TraceTarget] { tracker.targets(of: event) }

    /// Whether connections with NAT that are adopted have to be confirmed by their ends (`Tracker.provesAdopted`).
    package var provesAdopted: Bool {
        get { tracker.provesAdopted }
        set { tracker.provesAdopted = newValue }
    }

    /// The kernel that performs the actions.
    package var system: System {
        _read { yield kernel }
        _modify { yield &kernel }
    }
}
