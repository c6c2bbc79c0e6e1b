/// Where the streams begin of clients that have asked for TCP fast open.
///
/// Such a client takes an acknowledgement of the payload of its SYN, which is taken out here (`FastOpen`), so a server could say
/// that it has the head of a request that nobody has seen. Of every other client the SYN-ACK tells, since it accepts no other.
struct FastOpens {
    /// Seconds for which a SYN may be answered: as long as it is sent again (`tcp_syn_retries`), and some more.
    private static let seconds: UInt32 = 180
    /// SYNs that are remembered at once; beyond, the oldest is forgotten.
    private static let capacity = 1 << 16

    private var starts: [Tuple: (position: SequenceNumber, until: Instant)] = [:]
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

    mutating func insert(_ syn: Segment, at now: Instant) {
        let start = (syn.firstByte, now.advanced(bySeconds: FastOpens.seconds))
        guard starts.updateValue(start, forKey: syn.tuple) == nil else { return }
        guard tuples.count >= FastOpens.capacity else {
            tuples.append(syn.tuple)
            return
        }
        starts[tuples[oldest]] = nil
        tuples[oldest] = syn.tuple
        oldest = (oldest + 1) % FastOpens.capacity
    }
}
