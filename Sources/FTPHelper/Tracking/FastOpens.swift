// SPDX-License-Identifier: GPL-2.0-or-later

/// The initial stream positions of clients that asked for TCP fast open.
///
/// Such a client accepts an acknowledgement of the SYN's payload. The payload is removed here (`FastOpen`),
/// so a server could pretend to have the beginning of a request that was never seen. All other clients accept
/// only a SYN-ACK that acknowledges nothing but the SYN.
struct FastOpens {
    /// Seconds for which a SYN is remembered: longer than it is retransmitted (`tcp_syn_retries`).
    private static let seconds: UInt32 = 180
    /// Maximum number of remembered SYNs; beyond it, the oldest is forgotten.
    static let capacity = 1 << 16

    /// Initial positions by the client's tuple without its zone; `nil` if the SYN was not seen.
    private var starts: [Tuple: (position: SequenceNumber?, until: Instant)] = [:]
    /// The tuples in `starts`, a ring buffer once it is full, and the index of the oldest.
    private var tuples: [Tuple] = []
    private var oldest = 0

    /// Tells whether a SYN-ACK to a client that asked for fast open acknowledges anything other than the SYN.
    func contradict(_ answer: Segment, of client: Tuple, at now: Instant) -> Bool {
        guard !starts.isEmpty else { return false }
        // The zone of a packet is not known.
        guard let start = starts[Tuple(source: client.source, destination: client.destination)],
            now < start.until
        else { return false }
        return answer.acknowledgement != start.position
    }

    /// Records a SYN that asks for fast open.
    mutating func insert(_ syn: Segment, at now: Instant) { insert(syn.tuple, syn.firstByte, at: now) }

    /// Makes `contradict` true for every SYN-ACK to a client whose SYN may have carried bytes that were not
    /// seen.
    mutating func distrust(_ client: Tuple, at now: Instant) {
        insert(Tuple(source: client.source, destination: client.destination), nil, at: now)
    }

    private mutating func insert(_ tuple: Tuple, _ position: SequenceNumber?, at now: Instant) {
        let start = (position, now.advanced(bySeconds: FastOpens.seconds))
        guard starts.updateValue(start, forKey: tuple) == nil else { return }
        guard tuples.count >= FastOpens.capacity else {
            tuples.append(tuple)
            return
        }
        starts[tuples[oldest]] = nil
        tuples[oldest] = tuple
        oldest = (oldest + 1) % FastOpens.capacity
    }
}
