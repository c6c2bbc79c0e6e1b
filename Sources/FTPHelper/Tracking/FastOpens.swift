/// Where the streams begin of clients that have asked for TCP fast open.
///
/// Such a client takes an acknowledgement of the payload of its SYN, which is taken out here (`FastOpen`), so a server could say
/// that it has the head of a request that nobody has seen. Of every other client the SYN-ACK tells, since it accepts no other.
struct FastOpens {
    /// Seconds for which a SYN may be answered: as long as it is sent again (`tcp_syn_retries`), and some more.
    private static let seconds: UInt32 = 180
    /// SYNs that are remembered at once; beyond, the oldest is forgotten.
    private static let capacity = 1 << 16

    /// By the client's tuple without its zone: where the stream begins, or `nil` where the SYN passed unseen.
    private var starts: [Tuple: (position: SequenceNumber?, until: Instant)] = [:]
    /// The tuples in `starts`, in a ring once there are as many as may be, and where the oldest is then.
    private var tuples: [Tuple] = []
    private var oldest = 0

    /// Tells whether a SYN-ACK acknowledges something else than the SYN, of a client whose SYN was one of these.
    func contradict(_ answer: Segment, of client: Tuple, at now: Instant) -> Bool {
        guard !starts.isEmpty else { return false }
        // A packet does not tell its zone.
        guard let start = starts[Tuple(source: client.source, destination: client.destination)],
            now < start.until
        else { return false }
        return answer.acknowledgement != start.position
    }

    /// A SYN has come that asked for fast open.
    mutating func insert(_ syn: Segment, at now: Instant) { insert(syn.tuple, syn.firstByte, at: now) }

    /// A client's SYN may have carried bytes that nobody has seen: whatever its SYN-ACK acknowledges is not believed.
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
