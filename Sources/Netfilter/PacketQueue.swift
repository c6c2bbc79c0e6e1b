import CLinux
import CNetfilter
import Glibc

/// One queue of packets that wait for a verdict (NFQUEUE).
///
/// The kernel hands over whole IP packets of at most the size of a frame, with their checksums made: it is not asked
/// for the packets that network cards put together (`NFQA_CFG_F_GSO`). If this process ends, the packets that
/// wait are dropped, and their senders send them again.
@safe package struct PacketQueue: ~Copyable {
    /// What becomes of a packet.
    package enum Ruling {
        /// Goes on as it is (`NF_ACCEPT`).
        case accept
        /// Goes no further (`NF_DROP`).
        case drop
        /// Goes on with these bytes in the place of its own, from the IP header on.
        case replace([UInt8])
    }

    package let number: UInt16
    /// How often the kernel had packets for this queue and no room to hand them over (`ENOBUFS`); they are lost.
    package private(set) var overruns: UInt64 = 0

    private let socket: NetlinkSocket
    /// Room for one batch: datagram `i` from `i * stride` on.
    private var buffer = [UInt8](repeating: 0, count: batch * stride)
    /// The sizes of the datagrams of the batch.
    private var sizes = [UInt32](repeating: 0, count: batch)
    /// The verdicts that have not been sent yet.
    private var verdicts = NetlinkWriter()

    private init(number: UInt16, socket: consuming NetlinkSocket) {
        self.number = number
        self.socket = socket
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
            _ = try socket.request(operation, command: NFQNL_MSG_CONFIG.rawValue, resource: number) {
                $0.put(NFQA_CFG_CMD.rawValue, command: NFQNL_CFG_CMD_BIND)
                $0.put(NFQA_CFG_QUEUE_MAXLEN.rawValue, maximumLength)
            }
        } catch {
            throw error.code == EPERM ? SystemError(operation, code: EBUSY) : error
        }
        // Refused without the capability in the first namespace: then a burst is lost sooner, and counted.
        var size = socketBufferSize
        try? socket.set(SO_RCVBUFFORCE, to: &size)
        try? socket.set(SO_SNDBUFFORCE, to: &size)

        var queue = PacketQueue(number: number, socket: socket)
        try queue.start()
        return queue
    }

    /// Asks for packets, whole ones; until now the kernel has none for us (`NFQNL_COPY_NONE`).
    ///
    /// No acknowledgement is asked for: it could come behind packets.
    private mutating func start() throws(SystemError) {
        verdicts.message(
            subsystem: Int32(NFNL_SUBSYS_QUEUE),
            command: NFQNL_MSG_CONFIG.rawValue,
            flags: 0,
            sequence: 0,
            family: AF_UNSPEC,
            resource: number
        ) {
            // struct nfqnl_msg_config_params: how much of a packet to copy, and whether at all.
            let range = UInt16.max
            $0.put(
                NFQA_CFG_PARAMS.rawValue,
                bytes: [0, 0, UInt8(range >> 8), UInt8(range & 0xff), UInt8(NFQNL_COPY_PACKET.rawValue)]
            )
        }
        try sendVerdicts()
    }

    /// For `epoll`: readable when packets wait.
    package var fileDescriptor: Int32 { socket.fileDescriptor }

    /// Takes what waits, up to one batch, and asks `rule` for each packet in order.
    ///
    /// The verdicts go to the kernel together at the end, in the same order. Does not wait. If they cannot be sent
    /// they are kept and go with the next call.
    ///
    /// - Parameter rule: Given the packet from its IP header on; one of more than 65531 bytes is cut off there.
    /// - Returns: How many packets there were; 0 when nothing waits.
    /// - Throws: What the kernel says to receiving or sending as such; what it thinks of one verdict is passed over,
    ///   for the packet is gone then.
    package mutating func receive(
        _ rule: (borrowing Span<UInt8>) -> Ruling
    ) throws(SystemError) -> Int {
        try sendVerdicts()
        let datagrams = try receiveDatagrams()
        var packets = 0
        /// The last packet that was accepted and has no verdict yet, which stands for all before it.
        var accepted: UInt32?
        for index in 0..<datagrams {
            let start = index * Self.stride
            var messages = NetlinkMessages(in: start..<start + min(Int(sizes[index]), Self.stride))
            while let message = messages.next(in: buffer.span) {
                guard message.type == Self.packetType, let id = buffer.span.packetID(in: message.attributes)
                else { continue }
                packets += 1
                switch ruling(on: message, by: rule) {
                case .accept:
                    accepted = id
                case .replace(let packet) where packet.count <= NetlinkWriter.maximumValueSize:
                    acceptAll(upTo: &accepted)
                    put(NFQNL_MSG_VERDICT, NF_ACCEPT, id, packet: packet)
                case .replace, .drop:
                    acceptAll(upTo: &accepted)
                    put(NFQNL_MSG_VERDICT, NF_DROP, id)
                }
            }
        }
        acceptAll(upTo: &accepted)
        try sendVerdicts()
        return packets
    }

    /// What the rule says; a packet that came without its bytes goes on.
    private func ruling(
        on message: NetlinkMessages.Message,
        by rule: (borrowing Span<UInt8>) -> Ruling
    ) -> Ruling {
        let bytes = buffer.span
        guard let payload = bytes.attribute(NFQA_PAYLOAD.rawValue, in: message.attributes) else {
            return .accept
        }
        return rule(bytes.extracting(payload))
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

    /// Accepts all packets up to and including `id`, if there is one (`NFQNL_MSG_VERDICT_BATCH`).
    ///
    /// The kernel takes it for every packet that waits and came no later, so all before have their own verdict first.
    private mutating func acceptAll(upTo id: inout UInt32?) {
        guard let last = id.take() else { return }
        put(NFQNL_MSG_VERDICT_BATCH, NF_ACCEPT, last)
    }

    private mutating func put(
        _ command: nfqnl_msg_types,
        _ verdict: Int32,
        _ id: UInt32,
        packet: [UInt8]? = nil
    ) {
        verdicts.message(
            subsystem: Int32(NFNL_SUBSYS_QUEUE),
            command: command.rawValue,
            flags: 0,
            sequence: 0,
            family: AF_UNSPEC,
            resource: number
        ) {
            // struct nfqnl_msg_verdict_hdr: the verdict, then the packet's number.
            $0.put(NFQA_VERDICT_HDR.rawValue, UInt64(verdict) << 32 | UInt64(id))
            if let packet { $0.put(NFQA_PAYLOAD.rawValue, bytes: packet) }
        }
    }

    /// Sends what verdicts there are in one call; if that fails they stay.
    private mutating func sendVerdicts() throws(SystemError) {
        guard !verdicts.bytes.isEmpty else { return }
        try socket.send(verdicts.bytes, "send verdicts")
        verdicts.clear()
    }

    /// The type of the messages that bring packets.
    private static let packetType = UInt16(NFNL_SUBSYS_QUEUE) << 8 | UInt16(NFQNL_MSG_PACKET.rawValue)

    /// Datagrams that are received at once: what one call of the shim takes.
    ///
    /// Enough that system calls no longer count, few enough that the first verdict does not wait long for the last.
    private static let batch = Int(clinux_maximum_datagrams)

    /// Bytes for one datagram: the largest IP packet, and room for what comes with it.
    private static let stride = 65536 + 4096

    /// Packets that may wait in the kernel (`NFQA_CFG_QUEUE_MAXLEN`): a second's load, if all of it came at once, is
    /// rather dropped than made to wait longer than TCP's shortest retransmission timeout, 200 ms.
    private static let maximumLength: UInt32 = 4096

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

extension Span where Element == UInt8 {
    /// The packet's number, with which `struct nfqnl_msg_packet_hdr` begins.
    fileprivate func packetID(in attributes: Range<Int>) -> UInt32? {
        guard let header = attribute(NFQA_PACKET_HDR.rawValue, in: attributes), header.count >= 4 else {
            return nil
        }
        return number(UInt32.self, at: header.prefix(4))
    }
}
