import CLinux
import CNetfilter
import Glibc
package import Linux

/// One queue of packets that wait for a verdict (NFQUEUE).
///
/// The kernel hands over whole IP packets of at most the size of a frame, with their checksums made: it is not asked
/// for the packets that network cards put together (`NFQA_CFG_F_GSO`). If this process ends, the packets that
/// wait are dropped, and their senders send them again.
@safe package struct PacketQueue: ~Copyable {
    /// What becomes of a packet.
    package enum Verdict {
        /// Goes on as it is.
        case accept
        /// Goes no further.
        case drop
        /// Goes on with these bytes in the place of its own, from the IP header on.
        case replace([UInt8])
    }

    /// How often the kernel had packets for this queue and no room to hand them over (`ENOBUFS`); they are lost.
    package private(set) var overruns: UInt64 = 0

    private let socket: NetlinkSocket
    /// Room for one batch: datagram `i` from `i * stride` on.
    ///
    /// Most packets are small, and only what they reach takes memory: zeros would reach all of it. Sound: any byte is a
    /// number, and none is read before the kernel has written it.
    private var buffer = unsafe [UInt8](unsafeUninitializedCapacity: batch * stride) { $1 = batch * stride }
    /// The sizes of the datagrams of the batch.
    private var sizes = [UInt32](repeating: 0, count: batch)
    /// The packets of the batch; kept for the storage.
    private var packets: [QueuedPacket] = []
    /// The verdicts that have not been sent yet.
    private var verdicts: VerdictBatch
    /// Those before them that could not be sent, as they were gathered.
    private var unsent: [[UInt8]] = []

    private init(_ number: UInt16, socket: consuming NetlinkSocket) {
        self.socket = socket
        verdicts = VerdictBatch(queue: number, capacity: Self.gatheredVerdicts + Self.stride)
    }

    /// Takes the queue of that number in the network namespace of the calling thread.
    ///
    /// - Throws: `EBUSY` if another process has it, `EPERM` without `CAP_NET_ADMIN`, `EPROTONOSUPPORT` if the kernel
    ///   has no NFQUEUE.
    package static func open(_ number: UInt16) throws(SystemError) -> PacketQueue {
        var socket = try NetlinkSocket.open(Int32(NFNL_SUBSYS_QUEUE))
        // A command without effect since Linux 3.8. Its EPERM is a lack of capability; that of NFQNL_CFG_CMD_BIND, once
        // this has passed, is another process's queue.
        try socket.probe("use NFQUEUE", command: NFQNL_MSG_CONFIG.rawValue) {
            $0.put(NFQA_CFG_CMD.rawValue, command: NFQNL_CFG_CMD_PF_BIND)
        }
        let operation = "bind queue \(number)"
        do {
            try socket.request(operation, command: NFQNL_MSG_CONFIG.rawValue, resource: number) {
                $0.put(NFQA_CFG_CMD.rawValue, command: NFQNL_CFG_CMD_BIND)
                $0.put(NFQA_CFG_QUEUE_MAXLEN.rawValue, maximumLength)
            }
        } catch {
            throw error.code == EPERM ? SystemError(operation, code: EBUSY) : error
        }
        // Refused where the capability is not of the first user namespace: then a burst is lost sooner, and counted.
        var size = socketBufferSize
        try? socket.set(SO_RCVBUFFORCE, to: &size)
        try? socket.set(SO_SNDBUFFORCE, to: &size)
        // Until now the kernel has no packets for us (NFQNL_COPY_NONE). No acknowledgement of this: it could come
        // behind packets. struct nfqnl_msg_config_params says how much of a packet to copy, and whether at all.
        try socket.post(operation, command: NFQNL_MSG_CONFIG.rawValue, resource: number) {
            $0.put(
                NFQA_CFG_PARAMS.rawValue,
                bytes: [0, 0, 0xff, 0xff, UInt8(NFQNL_COPY_PACKET.rawValue)]
            )
        }
        return PacketQueue(number, socket: socket)
    }

    /// Goes on with a queue that another process had, whose socket was kept for this one: no packet is lost on the way.
    ///
    /// What that process took and did not rule over, and what has come since, goes through the rules once more, and so into
    /// the queue again. What the socket still says of it concerns nobody then.
    ///
    /// - Throws: `ENODEV` if the queue is not that socket's.
    package static func adopt(
        _ descriptor: consuming Descriptor,
        _ number: UInt16
    ) throws(SystemError) -> PacketQueue {
        var socket = try NetlinkSocket.adopt(descriptor, Int32(NFNL_SUBSYS_QUEUE))
        let operation = "take over queue \(number)"
        // Each time that the kernel had no room for a packet it says so once (ENOBUFS), and answers the next time.
        for attempt in 1...3 {
            do {
                try socket.request(operation, command: NFQNL_MSG_CONFIG.rawValue, resource: number) {
                    $0.put(NFQA_CFG_QUEUE_MAXLEN.rawValue, maximumLength)
                }
                break
            } catch {
                guard error.code == ENOBUFS, attempt < 3 else { throw error }
            }
        }
        var queue = PacketQueue(number, socket: socket)
        queue.verdicts.repeatAll()
        try queue.sendVerdicts()
        return queue
    }

    /// For `epoll`: readable when packets wait.
    package var fileDescriptor: Int32 { socket.fileDescriptor }

    /// Takes what waits, up to one batch, and asks `rule` for each packet in order.
    ///
    /// The verdicts go to the kernel together at the end, in the same order. Does not wait. If they cannot be sent
    /// they are kept and go with the next call; `owesVerdicts` tells.
    ///
    /// - Parameters:
    ///   - rule: Given all packets of the batch, for what is to come may be worth a look, the number of the one in hand, and
    ///     the bytes that they lie in. A packet of more than 65531 bytes is cut off there.
    ///   - settle: Called before any of the packets ruled over so far goes on, for what has to be done before.
    /// - Returns: How many packets there were; 0 when nothing waits.
    /// - Throws: What the kernel says to receiving or sending as such; what it thinks of one verdict is passed over,
    ///   for the packet is gone then.
    package mutating func receive(
        _ rule: (_ packets: [QueuedPacket], _ number: Int, _ bytes: borrowing Span<UInt8>) -> Verdict,
        settle: () -> Void
    ) throws(SystemError) -> Int {
        try sendVerdicts()
        let datagrams = try receiveDatagrams()
        packets.removeAll(keepingCapacity: true)
        for index in 0..<datagrams {
            var messages = NetlinkMessages(in: datagram(index))
            while let message = messages.next(in: buffer.span) {
                if let packet = QueuedPacket(parsing: message, in: buffer.span) { packets.append(packet) }
            }
        }
        defer { for index in 0..<datagrams { wipe(datagram(index)) } }
        var failure: SystemError?
        for number in packets.indices {
            let id = packets[number].id
            switch rule(packets, number, buffer.span) {
            case .accept: verdicts.accept(id)
            case .drop: verdicts.drop(id)
            case .replace(let replacement): verdicts.replace(id, with: replacement)
            }
            // What does not fit into the socket's buffer could never be sent.
            guard verdicts.size > Self.gatheredVerdicts else { continue }
            settle()
            do throws(SystemError) {
                try sendVerdicts()
            } catch {
                // The packets behind this one are no longer in the socket: nobody else rules over them.
                failure = error
                unsent.append(verdicts.bytes)
                verdicts.clear()
            }
        }
        if !packets.isEmpty { settle() }
        try sendVerdicts()
        if let failure { throw failure }
        return packets.count
    }

    /// Tells whether packets wait for a verdict that could not be sent; `receive` tries again.
    package var owesVerdicts: Bool { verdicts.size > 0 || !unsent.isEmpty }

    /// Where a datagram of the batch lies.
    private func datagram(_ index: Int) -> Range<Int> {
        let start = index * Self.stride
        return start..<start + min(Int(sizes[index]), Self.stride)
    }

    /// Overwrites a datagram that was dealt with: among the packets are passwords.
    private mutating func wipe(_ datagram: Range<Int>) {
        // Through the span it becomes one memset.
        var bytes = buffer.mutableSpan
        for index in datagram { bytes[index] = 0 }
    }

    /// Receives up to one batch of datagrams and returns how many; counts overruns.
    private mutating func receiveDatagrams() throws(SystemError) -> Int {
        let descriptor = fileDescriptor
        while true {
            do {
                // Sound: each of the `batch` datagrams is given `stride` bytes, which is the buffer's size, and a size.
                return try Int(
                    SystemError.check("receive packets") {
                        unsafe clinux_receive_datagrams(
                            descriptor,
                            &buffer,
                            Self.stride,
                            UInt32(Self.batch),
                            &sizes
                        )
                    }
                )
            } catch {
                switch error.code {
                case EAGAIN: return 0
                case ENOBUFS: overruns += 1
                default: throw error
                }
            }
        }
    }

    /// Sends what verdicts there are, in one call unless that failed before; if it fails they stay.
    private mutating func sendVerdicts() throws(SystemError) {
        verdicts.finish()
        while let oldest = unsent.first {
            try socket.send(oldest, "send verdicts")
            unsent.removeFirst()
        }
        guard !verdicts.bytes.isEmpty else { return }
        try socket.send(verdicts.bytes, "send verdicts")
        verdicts.clear()
    }

    /// Datagrams that are received at once: what one call of the shim takes.
    ///
    /// Enough that system calls no longer count, few enough that the first verdict does not wait long for the last.
    private static let batch = Int(clinux_maximum_datagrams)

    /// Bytes for one datagram: the largest IP packet, and room for what comes with it.
    private static let stride = 65536 + 4096

    /// Packets that may wait in the kernel (`NFQA_CFG_QUEUE_MAXLEN`), instead of its 1024.
    ///
    /// At 20 us each the last of them waits 80 ms, less than TCP's shortest retransmission timeout of 200 ms: more
    /// would only be worked on twice.
    private static let maximumLength: UInt32 = 4096

    /// Bytes of verdicts that are gathered: with one more of the largest packets, less than any socket's buffer.
    private static let gatheredVerdicts = 64 * 1024

    /// Bytes of socket buffer; the kernel doubles it, and so has 4 KiB for each packet that may wait.
    ///
    /// The other way it takes a batch in which every packet is replaced by one of the largest.
    private static let socketBufferSize: Int32 = 8 << 20
}

extension NetlinkWriter {
    /// Writes a `struct nfqnl_msg_config_cmd`.
    fileprivate mutating func put(_ type: UInt32, command: nfqnl_msg_config_cmds) {
        put(type, bytes: [UInt8(command.rawValue), 0, 0, 0])
    }
}
