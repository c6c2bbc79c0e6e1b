// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Linux
import Netfilter
import Testing

/// A real queue for datagrams to UDP port 5001 on the loopback interface.
@Suite(.serialized) struct PacketQueueTests {
    private let namespace: NetworkNamespace

    init() throws {
        namespace = try NetworkNamespace()
        try namespace.run("iptables -w -A INPUT -p udp --dport 5001 -j NFQUEUE --queue-num 20")
    }

    private func open() throws -> PacketQueue {
        try namespace.enter { try PacketQueue.open(20) }
    }

    /// Sends `texts` as datagrams, applies `rule` to each, and returns the datagrams that arrive.
    private func pass(
        _ texts: [String],
        through queue: inout PacketQueue,
        _ rule: (borrowing Span<UInt8>) -> PacketQueue.Ruling
    ) throws -> [String] {
        let receiver = try namespace.enter { try UDPSocket(at: 5001) }
        let sender = try namespace.enter { try UDPSocket(at: 0) }
        for text in texts { try sender.send(text, to: 5001) }
        var packets = 0
        while packets < texts.count, isReadable(queue.fileDescriptor) {
            packets += try queue.receive(rule)
        }
        #expect(packets == texts.count)
        #expect(try queue.receive(rule) == 0)
        #expect(try statistics()[2] == "0", "packets wait without a verdict")
        return receiver.receiveAll()
    }

    private func isReadable(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, 10_000) == 1
    }

    /// The text of a datagram, after the IPv4 and UDP headers.
    private func text(_ packet: borrowing Span<UInt8>) -> String {
        var bytes: [UInt8] = []
        for index in 28..<packet.count { bytes.append(packet[index]) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Queue number, port id, waiting packets, copy mode, copy range, packets dropped by the queue, packets lost on the way to
    /// user space, last packet number.
    private func statistics() throws -> [String] {
        try namespace.run("cat /proc/thread-self/net/netfilter/nfnetlink_queue").split(separator: " ").map(
            String.init
        )
    }

    @Test func `a packet is delivered complete and goes on`() throws {
        var queue = try open()
        let long = String(repeating: "x", count: 60000)
        var seen: [String] = []
        let arrived = try pass(["one", long], through: &queue) { packet in
            #expect(packet[0] == 0x45)
            #expect(Int(packet[2]) << 8 | Int(packet[3]) == packet.count)
            seen.append(text(packet))
            return .accept
        }
        #expect(seen == ["one", long])
        #expect(arrived == ["one", long])
    }

    @Test func `an empty queue delivers nothing`() throws {
        var queue = try open()
        #expect(try queue.receive { _ in .accept } == 0)
    }

    @Test(arguments: [(1, 10), (12, 15000)])
    func `the work before the verdicts is done before any packet goes on`(count: Int, size: Int) throws {
        var queue = try open()
        let (receiver, sender) = try namespace.enter { try (UDPSocket(at: 5001), UDPSocket(at: 0)) }
        // The verdicts on large packets exceed the limit for gathering, so they are sent in three parts.
        let texts = (10..<10 + count).map { "\($0)" + String(repeating: "x", count: size) }
        for text in texts { try sender.send(text, to: 5001) }
        #expect(isReadable(queue.fileDescriptor))
        var (ruled, settled): (Int, [Int]) = (0, [])
        var arrived: [String] = []
        let packets = try queue.receive {
            arrived += receiver.receiveAll()
            #expect(arrived.count <= settled.last ?? 0)
            ruled += 1
            var bytes: [UInt8] = []
            for index in 0..<$0.count { bytes.append($0[index]) }
            return .replace(bytes)
        } settle: {
            arrived += receiver.receiveAll()
            #expect(arrived.count <= settled.last ?? 0, "those that have not been settled wait")
            settled.append(ruled)
        }
        #expect(packets == count && ruled == count && settled.last == count)
        #expect(settled.count == (size > 10 ? 3 : 1))
        #expect(arrived + receiver.receiveAll() == texts)
    }

    @Test func `packets keep their order with any verdicts`() throws {
        var queue = try open()
        let texts = (0..<200).map { "packet \($0)" }
        var index = 0
        let arrived = try pass(texts, through: &queue) { packet in
            #expect(text(packet) == texts[index])
            defer { index += 1 }
            switch index % 7 {
            case 2: return .drop
            case 4, 5:
                var bytes: [UInt8] = []
                for index in 0..<packet.count { bytes.append(packet[index]) }
                // Without UDP checksum and with another first letter.
                bytes[26] = 0
                bytes[27] = 0
                bytes[28] = UInt8(ascii: "P")
                return .replace(bytes)
            default: return .accept
            }
        }
        let expected = texts.indices.filter { $0 % 7 != 2 }.map { index in
            index % 7 == 4 || index % 7 == 5 ? "P" + texts[index].dropFirst() : texts[index]
        }
        #expect(arrived == expected)
        #expect(queue.overruns == 0)
    }

    @Test func `an invalid replacement affects only its own packet`() throws {
        var queue = try open()
        let arrived = try pass(["one", "two", "three"], through: &queue) { packet in
            text(packet) == "two" ? .replace([]) : .accept
        }
        #expect(arrived.contains("one") && arrived.contains("three"))
    }

    @Test func `a queue in use is busy`() throws {
        let first = try open()
        #expect(throws: SystemError("bind queue 20", code: EBUSY)) { _ = try open() }
        #expect(try statistics()[0] == "20")
        _ = consume first
        _ = try eventually { try open() }
    }

    @Test func `two queues with different numbers work side by side`() throws {
        let first = try open()
        let second = try namespace.enter { try PacketQueue.open(21) }
        #expect(first.fileDescriptor != second.fileDescriptor)
    }

    @Test func `thousands of waiting packets all get a verdict`() throws {
        var queue = try open()
        let arrived = try pass((0..<3000).map { "\($0)" }, through: &queue) { packet in
            // The receiver's buffer could not hold all of them.
            packet.count == 29 ? .accept : .drop
        }
        #expect(arrived == (0..<10).map { "\($0)" })
        #expect(queue.overruns == 0)
        // Dropped neither by the queue nor on the way to user space.
        #expect(try statistics()[5...6] == ["0", "0"])
    }

    @Test func `packets dropped by a full queue are counted`() throws {
        var queue = try open()
        // The kernel raises this to the smallest receive buffer.
        var size: Int32 = 1
        #expect(
            unsafe setsockopt(
                queue.fileDescriptor,
                SOL_SOCKET,
                SO_RCVBUF,
                &size,
                socklen_t(MemoryLayout<Int32>.size)
            ) == 0
        )
        let receiver = try namespace.enter { try UDPSocket(at: 5001) }
        let sender = try namespace.enter { try UDPSocket(at: 0) }
        for _ in 0..<100 { try sender.send("text", to: 5001) }
        var packets = 0
        while true {
            let count = try queue.receive { _ in .accept }
            if count == 0 { break }
            packets += count
        }
        #expect(queue.overruns > 0)
        #expect(packets < 100)
        #expect(receiver.receiveAll().count == packets)
        #expect(try statistics()[2] == "0")
    }
}
