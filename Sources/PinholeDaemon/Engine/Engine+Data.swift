// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
import Linux
package import Netfilter

/// Packets of the data queue.
extension Engine where System: ~Copyable {
    /// Decides on packets from the data queue, one after the other with everything that each leads to, and
    /// gives the verdicts.
    ///
    /// - Parameters:
    ///   - packets: packets of one batch, in order.
    ///   - bytes: the buffer that `packets` refers to.
    ///   - now: the current time.
    ///   - verdicts: receives the verdicts, until it is full.
    /// - Returns: The number of packets that got a verdict.
    package mutating func data(
        _ packets: ArraySlice<QueuedPacket>,
        in bytes: borrowing Span<UInt8>,
        at now: Instant,
        into verdicts: inout VerdictBatch
    ) -> Int {
        for (number, queued) in packets.enumerated() {
            output.clear()
            if let payload = queued.payload {
                decide(on: queued, bytes.extracting(payload), at: now, into: &verdicts)
            } else {
                verdicts.accept(queued.id)
            }
            guard !verdicts.isFull else { return number + 1 }
        }
        return packets.count
    }

    /// Decides on the SYN of a data connection, its SYN-ACK if there is SYNPROXY, or a packet of a control
    /// connection whose conntrack entry is reversed.
    private mutating func decide(
        on queued: QueuedPacket,
        _ packet: Span<UInt8>,
        at now: Instant,
        into verdicts: inout VerdictBatch
    ) {
        guard let arrival = HashedSegment(packet, from: queued.interface) else {
            verdicts.accept(queued.id)
            return
        }
        if let syn = SYN(arrival, packet) {
            open(for: syn, at: now)
            verdicts.accept(queued.id)
        } else if arrival.isHandshake {
            attempt(.createConnection, at: now) { (kernel) throws(SystemError) in
                try kernel.concludeHandshake(arrival.tuple)
            }
            verdicts.accept(queued.id)
        } else {
            decideReversed(queued, packet, arrival, at: now, into: &verdicts)
        }
    }

    /// Decides on a packet of a control connection whose conntrack entry is reversed.
    private mutating func decideReversed(
        _ queued: QueuedPacket,
        _ packet: Span<UInt8>,
        _ arrival: HashedSegment,
        at now: Instant,
        into verdicts: inout VerdictBatch
    ) {
        guard tracker.mayBeReversed(arrival) else {
            verdicts.accept(queued.id)
            return
        }
        let verdict = verdict(on: queued, packet, arrival, at: now)
        if case .needsOrigin = verdict {} else { tracker.markReversed(arrival, into: &output) }
        give(verdict, to: queued, into: &verdicts)
        perform(at: now)
    }

    /// Creates the conntrack entry of a data connection for its SYN, which is accepted in any case.
    private mutating func open(for syn: SYN, at now: Instant) {
        if let connection = tracker.expected(syn) {
            _ = establish(connection, at: now)
        } else {
            queryEntries(of: tracker.unconfirmedData(for: syn, at: now), at: now)
            while let connection = tracker.expectedEncrypted(syn, at: now, into: &output),
                establish(connection, at: now)
            {}
        }
        perform(at: now)
    }

    /// Creates the conntrack entry of a data connection; `false` if that failed.
    private mutating func establish(_ connection: ExpectedConnection, at now: Instant) -> Bool {
        do throws(SystemError) {
            try kernel.establish(connection)
            tracker.complete(.established(connection), at: now, into: &output)
            return true
        } catch {
            notices.count(.createConnection, at: now, error.description)
            tracker.complete(.notEstablished(connection), at: now, into: &output)
            return false
        }
    }
}
