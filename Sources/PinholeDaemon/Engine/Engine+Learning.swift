// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
import Linux
import Netfilter

/// Looks up new connections in conntrack for the tracker.
extension Engine where System: ~Copyable {
    /// Looks up the connection of a packet in conntrack and reports it to the tracker.
    ///
    /// If no known zone has the connection, starts a search for more zones, which runs beside the packets. Until it ends a SYN-ACK
    /// is dropped: its sender retransmits it after a second (RFC 6298, section 2), and the connection is found then.
    ///
    /// - Returns: The verdict on the packet; `nil` if the tracker has to be asked again.
    mutating func learn(
        _ tuple: Tuple,
        of packet: borrowing Span<UInt8>,
        isHandshake: Bool,
        at now: Instant
    ) -> Verdict? {
        // Worth a retry: a connection that is not found now gets no help for its whole life.
        let entries = attemptTwice(orElse: .findConnection, at: now) { (kernel) throws(SystemError) in
            try kernel.entries(of: tuple)
        }
        if let entries, !entries.contains(where: { isNew($0) }) {
            if !kernel.isSearching, searches.allow(at: now) != nil {
                attempt(.findConnection, at: now) { (kernel) throws(SystemError) in
                    try kernel.beginSearch()
                }
            }
            if kernel.isSearching, isHandshake { return .drop }
            // The next packet of the connection is looked up again.
            if kernel.isSearching, entries.isEmpty { return .accept }
        }
        guard let entry = entries.flatMap({ choice(among: $0) }) else {
            tracker.refuseUnmapped(packet, into: &output)
            return .accept
        }
        learn(entry, at: now)
        return nil
    }

    /// Continues the search for conntrack zones by one step, which takes a few hundred microseconds at most.
    package mutating func search(at now: Instant) {
        attempt(.findConnection, at: now) { (kernel) throws(SystemError) in try kernel.continueSearch() }
    }

    /// Tells whether an entry can belong to a packet whose connection is not followed yet.
    func isNew(_ entry: ConntrackEntry) -> Bool {
        entry.phase == .opening || !tracker.follows(entry.mapping)
    }

    /// Picks the entry of a packet whose connection is not followed yet among the entries of all zones; `nil` if the choice is
    /// ambiguous.
    ///
    /// A wrong choice would open expectations in another zone.
    func choice(among entries: [ConntrackEntry]) -> ConntrackEntry? {
        let new = entries.filter { isNew($0) }
        let candidates = new.isEmpty ? entries : new
        guard candidates.count > 1 else { return candidates.first }
        let opening = candidates.filter { $0.phase == .opening }
        return opening.count == 1 ? opening.first : nil
    }

    mutating func learn(_ entry: ConntrackEntry, at now: Instant) {
        // A new connection may have reused the entry of one that bypassed the queue (`TCP_CONNTRACK_IGNORE`), mark included.
        if entry.phase == .opening, kernel.bypassesQueue(entry) {
            attempt(.setMark, at: now) { (kernel) throws(SystemError) in try kernel.requeue(entry.mapping) }
        }
        if let helper = entry.helper {
            let original = entry.mapping.original
            notices.count(
                .kernelHelper,
                at: now,
                "\(original.source) to \(original.destination) has the kernel helper \(helper) and is left to it"
            )
        }
        tracker.learn(
            entry.mapping,
            entryID: entry.id,
            hasKernelHelper: entry.helper != nil,
            shifted: entry.shifted,
            hasMaster: entry.master != nil,
            phase: entry.phase,
            at: now,
            into: &output
        )
    }
}
