// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import CNetfilter
import Glibc
package import Linux

/// One NFQUEUE: a queue of packets that wait for a verdict.
///
/// The kernel copies whole IP packets with valid checksums, of at most the interface's MTU: without `NFQA_CFG_F_GSO` it
/// splits the larger ones that network cards or TCP have put together. If this process ends, the kernel drops the packets
/// that wait, and their senders retransmit them. The messages are encoded and parsed by libnetfilter_queue.
@safe package struct PacketQueue: ~Copyable {
    /// What the kernel does with a packet that finds the queue full.
    package enum Overflow: Hashable, Sendable {
        /// Drops it; its sender retransmits it.
        case drop
        /// Lets it go on as it is.
        case pass

        /// Packets that may wait in the kernel (`NFQA_CFG_QUEUE_MAXLEN`, whose default is 1024).
        ///
        /// At 20 us a packet the last of 4096 waits 80 ms. TCP retransmits after 200 ms at the earliest, so a longer queue
        /// would hold packets together with their retransmissions. Where packets pass, a stopped process (SIGSTOP) holds back
        /// only those that wait: 16 are enough for the bursts that come before a running process is scheduled.
        fileprivate var maximumLength: UInt32 {
            switch self {
            case .drop: 4096
            case .pass: 16
            }
        }

        /// The settings of a queue.
        fileprivate var settings: [QueueMessages.Setting] {
            [.maximumLength(maximumLength)] + (self == .pass ? [.passWhenFull] : [])
        }
    }

    /// How often the receive buffer was full, so that the kernel lost packets of this queue (`ENOBUFS`).
    package private(set) var overruns: UInt64 = 0

    private let socket: NetlinkSocket
    /// The datagrams of one batch: datagram `i` lies at `i * stride`.
    ///
    /// It is not filled with zeros, so only the pages that packets reach take memory. Sound: every bit pattern is a byte,
    /// and nothing is read before the kernel has written it.
    private var buffer = unsafe [UInt8](unsafeUninitializedCapacity: batch * stride) { $1 = batch * stride }
    /// The sizes of the datagrams of the batch.
    private var sizes = [UInt32](repeating: 0, count: batch)
    /// The packets of the batch; a property to keep its storage.
    private var packets: [QueuedPacket] = []
    /// The verdicts that have not been sent yet.
    private var verdicts: VerdictBatch
    /// Earlier verdicts that could not be sent, oldest first.
    private var unsent: [QueueMessages] = []

    private init(_ number: UInt16, socket: consuming NetlinkSocket) {
        self.socket = socket
        verdicts = VerdictBatch(queue: number, capacity: VerdictBatch.fullSize + Self.stride)
    }

    /// Binds to a queue in the network namespace of the calling thread.
    ///
    /// - Parameters:
    ///   - number: The number of the queue.
    ///   - overflow: What happens to packets that find it full.
    /// - Returns: The queue.
    /// - Throws: `EBUSY` if another process has the queue, `EPERM` without `CAP_NET_ADMIN`, `EPROTONOSUPPORT` if the
    ///   kernel has no NFQUEUE.
    package static func open(_ number: UInt16, overflow: Overflow = .drop) throws(SystemError) -> PacketQueue
    {
        var socket = try NetlinkSocket.open(Int32(NFNL_SUBSYS_QUEUE))
        try probe(&socket)
        let operation = "bind queue \(number)"
        do {
            try socket.request(operation) {
                request(number, [.bind] + overflow.settings, sequence: $0)
            }
        } catch {
            throw error.code == EPERM ? SystemError(operation, code: EBUSY) : error
        }
        // Refused without CAP_NET_ADMIN in the initial user namespace. The queue works with the default buffers too, but
        // overruns sooner.
        var size = socketBufferSize
        try? socket.set(SO_RCVBUFFORCE, to: &size)
        try? socket.set(SO_SNDBUFFORCE, to: &size)
        // A new queue copies nothing (NFQNL_COPY_NONE). From this message on the kernel sends packets, so its
        // acknowledgement could arrive after some of them: none is requested.
        try socket.send(
            request(number, [.copyPackets(size: UInt16.max)], sequence: 0, acknowledged: false),
            operation
        )
        return PacketQueue(number, socket: socket)
    }

    /// Checks that the kernel has NFQUEUE and that this process may use it.
    ///
    /// After this has succeeded, an `EPERM` from `NFQNL_CFG_CMD_BIND` means that another process has the queue.
    private static func probe(_ socket: inout NetlinkSocket) throws(SystemError) {
        let operation = "use NFQUEUE"
        do {
            try socket.request(operation) { request(0, [.checkCapability], sequence: $0) }
        } catch {
            throw error.code == EINVAL ? SystemError(operation, code: EPROTONOSUPPORT) : error
        }
    }

    /// Takes over a queue with the socket of the process that had it, so that no packet is lost in between.
    ///
    /// Packets that have no verdict yet go through the rules again, and so into the queue again. Those that are still in
    /// the socket are received as usual; the kernel ignores the verdicts on their old numbers.
    ///
    /// - Parameters:
    ///   - descriptor: The other process's socket.
    ///   - number: The number of the queue.
    ///   - overflow: What happens to packets that find it full.
    /// - Returns: The queue.
    /// - Throws: `ENODEV` if the socket is not bound to that queue.
    package static func adopt(
        _ descriptor: consuming Descriptor,
        _ number: UInt16,
        overflow: Overflow = .drop
    ) throws(SystemError) -> PacketQueue {
        var socket = try NetlinkSocket.adopt(descriptor, Int32(NFNL_SUBSYS_QUEUE))
        let operation = "take over queue \(number)"
        // A full receive buffer is reported once (ENOBUFS); the next attempt receives the answer.
        for attempt in 1...3 {
            do {
                try socket.request(operation) {
                    request(number, overflow.settings, sequence: $0)
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

    /// Encodes a request to change a queue.
    private static func request(
        _ number: UInt16,
        _ settings: [QueueMessages.Setting],
        sequence: UInt32,
        acknowledged: Bool = true
    ) -> [UInt8] {
        let messages = QueueMessages()
        messages.configure(number, settings, sequence: sequence, acknowledged: acknowledged)
        return messages.bytes
    }

    /// The socket, for `epoll`: readable when packets wait.
    package var fileDescriptor: Int32 { socket.fileDescriptor }

    /// Gives verdicts on packets, whose payloads lie in the bytes, and returns on how many.
    package typealias Decision = (
        _ packets: ArraySlice<QueuedPacket>, _ bytes: borrowing Span<UInt8>, _ verdicts: inout VerdictBatch
    ) -> Int

    /// Receives up to one batch of waiting packets, without blocking, and sends the verdicts on them in their order.
    ///
    /// Verdicts that cannot be sent are kept for the next call; see `owesVerdicts`.
    ///
    /// - Parameter decide: Decides on the packets of the batch from the first one on: on all of them, or on fewer if the
    ///   verdicts are full. The verdicts are sent when it returns, and it is called again for what is left. A packet is cut
    ///   off after 65531 bytes.
    /// - Returns: The number of packets; 0 if none waited.
    /// - Throws: An error of receiving or sending. The kernel's answer to a single verdict is ignored: it means that the
    ///   packet no longer waits.
    package mutating func receive(
        _ decide: Decision
    ) throws(SystemError) -> Int {
        try sendVerdicts()
        let datagrams = try receiveDatagrams()
        defer { for index in 0..<datagrams { wipe(datagram(index)) } }
        parse(datagrams)
        var failure: SystemError?
        var next = 0
        while next < packets.count {
            let count = Self.decide(packets[next...], buffer, &verdicts, decide)
            // Without a verdict a packet would wait for ever.
            if count == 0 { verdicts.accept(packets[next].id) }
            next += max(count, 1)
            do throws(SystemError) {
                try sendVerdicts()
            } catch {
                // The rest of the batch has left the socket and needs verdicts too, so the loop goes on.
                failure = error
                unsent.append(verdicts.takeMessages())
            }
        }
        if let failure { throw failure }
        return packets.count
    }

    private static func decide(
        _ packets: ArraySlice<QueuedPacket>,
        _ buffer: [UInt8],
        _ verdicts: inout VerdictBatch,
        _ decide: Decision
    ) -> Int {
        decide(packets, buffer.span, &verdicts)
    }

    /// Whether there are packets whose verdict could not be sent; the next `receive` sends it again.
    package var owesVerdicts: Bool { verdicts.size > 0 || !unsent.isEmpty }

    /// Collects the packets from the first `datagrams` datagrams of the buffer.
    private mutating func parse(_ datagrams: Int) {
        packets.removeAll(keepingCapacity: true)
        for index in 0..<datagrams {
            var messages = NetlinkMessages(in: datagram(index))
            while let message = messages.next(in: buffer.span) {
                if let packet = QueuedPacket(parsing: message, in: buffer.span) { packets.append(packet) }
            }
        }
    }

    /// Where a datagram of the batch lies in the buffer.
    private func datagram(_ index: Int) -> Range<Int> {
        let start = index * Self.stride
        return start..<start + min(Int(sizes[index]), Self.stride)
    }

    /// Overwrites a datagram with zeros: packets can carry passwords.
    private mutating func wipe(_ datagram: Range<Int>) {
        // The optimizer turns this loop over a span into memset.
        var bytes = buffer.mutableSpan
        for index in datagram { bytes[index] = 0 }
    }

    /// Receives up to one batch of datagrams and returns their number; counts overruns.
    private mutating func receiveDatagrams() throws(SystemError) -> Int {
        let descriptor = fileDescriptor
        while true {
            do {
                // Sound: the buffer has `batch` times `stride` bytes, and `sizes` has `batch` elements.
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

    /// Sends all verdicts, those that could not be sent earlier first; what cannot be sent is kept.
    private mutating func sendVerdicts() throws(SystemError) {
        verdicts.finish()
        while let oldest = unsent.first {
            try socket.send(oldest.bytes, "send verdicts")
            unsent.removeFirst()
        }
        guard verdicts.size > 0 else { return }
        try socket.send(verdicts.bytes, "send verdicts")
        verdicts.clear()
    }

    /// Datagrams that one call receives (`recvmmsg`).
    ///
    /// Enough that the cost of system calls hardly counts, few enough that the first packet does not wait long for the
    /// verdict on the last.
    private static let batch = Int(clinux_maximum_datagrams)

    /// Bytes for one datagram: the largest IP packet and its netlink headers and attributes.
    private static let stride = 65536 + 4096

    /// Bytes of each socket buffer.
    ///
    /// The kernel doubles the number, which gives each waiting packet 4 KiB to be received in. As a send buffer it holds the
    /// verdicts on a batch in which every packet is replaced by one of the largest size.
    private static let socketBufferSize: Int32 = 8 << 20
}
