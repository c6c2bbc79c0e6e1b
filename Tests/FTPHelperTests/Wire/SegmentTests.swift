// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@Suite struct SegmentTests {
    private static func parse(_ packet: [UInt8]) throws(SegmentError) -> Segment {
        try Segment(parsing: packet.span)
    }

    private static func failure(_ packet: [UInt8]) -> SegmentError? {
        do {
            _ = try parse(packet)
            return nil
        } catch {
            return error
        }
    }

    /// A packet with everything in it: TCP options with two SACK blocks, urgent data, a payload.
    private static func packet(
        _ source: String = "10.1.0.2",
        _ destination: String = "10.2.0.2",
        options: [UInt8] = [1, 1, 5, 18] + (1...16)
    ) -> [UInt8] {
        PacketBuilder(
            tuple: Tuple(
                source: Endpoint(address(source), 40112),
                destination: Endpoint(address(destination), 21)
            ),
            sequence: 0xffff_fffe,
            acknowledgement: 0x8000_0001,
            flags: [.ack, .psh, .urg],
            options: options,
            urgentPointer: 3,
            payload: Array("NOOP\r\n".utf8)
        ).bytes
    }

    /// The same packet with IPv4 options.
    private static func withIPOptions(_ packet: [UInt8], _ options: [UInt8]) -> [UInt8] {
        var result = Array(packet[..<20]) + options + packet[20...]
        result[0] = 0x40 | UInt8((20 + options.count) / 4)
        let total = UInt16(result.count)
        (result[2], result[3]) = (UInt8(total >> 8), UInt8(total & 0xff))
        return result
    }

    /// The same IPv6 packet with extension headers: the kind of each, and its bytes with a next header of 0.
    private static func withExtensions(_ packet: [UInt8], _ headers: [(UInt8, [UInt8])]) -> [UInt8] {
        var body: [UInt8] = []
        var next: UInt8 = 6
        for (kind, bytes) in headers.reversed() {
            body = [next] + bytes[1...] + body
            next = kind
        }
        var result = Array(packet[..<40]) + body + packet[40...]
        result[6] = next
        let size = UInt16(result.count - 40)
        (result[4], result[5]) = (UInt8(size >> 8), UInt8(size & 0xff))
        return result
    }

    private static func extended() -> [UInt8] {
        withExtensions(
            packet("fd01::2", "fd02::2"),
            [
                (0, [0, 0, 1, 4, 0, 0, 0, 0]), (43, [0, 1] + [UInt8](repeating: 0, count: 14)),
                (44, [0, 0, 0, 0, 0, 0, 0, 7]), (60, [0, 0, 1, 4, 0, 0, 0, 0]),
            ]
        )
    }

    private static let whole: [(name: String, bytes: [UInt8])] = [
        ("IPv4", packet()), ("IPv4 with options", withIPOptions(packet(), [148, 4, 0, 0, 1, 1, 1, 0])),
        ("IPv6", packet("fd01::2", "fd02::2")), ("IPv6 with extension headers", extended()),
    ]

    @Test(arguments: whole)
    func `all parts of a packet are found`(name: String, bytes: [UInt8]) throws {
        let segment = try Self.parse(bytes)
        #expect(segment.tuple.source.port == 40112)
        #expect(segment.tuple.destination.port == 21)
        #expect(
            segment.tuple.source.address == address(bytes[0] >> 4 == 4 ? "10.1.0.2" : "fd01::2"),
            "\(name)"
        )
        #expect(segment.tuple.destination.address == address(bytes[0] >> 4 == 4 ? "10.2.0.2" : "fd02::2"))
        #expect(segment.sequence.value == 0xffff_fffe)
        #expect(segment.acknowledgement.value == 0x8000_0001)
        #expect(segment.flags == [.ack, .psh, .urg])
        #expect(segment.urgentPointer == 3)
        #expect(segment.firstByte.value == 0xffff_fffe)
        #expect(segment.endOfPayload.value == 4)
        #expect(segment.payloadCount == 6)
        #expect(bytes[segment.payloadOffset..<segment.end] == ArraySlice("NOOP\r\n".utf8))
        #expect(segment.sackCount == 2)
        #expect(bytes[segment.sackOffset] == 1)
    }

    @Test(arguments: whole)
    func `a packet truncated anywhere is refused`(name: String, bytes: [UInt8]) {
        for count in 0..<bytes.count {
            #expect(Self.failure(Array(bytes[..<count])) == .truncated, "\(name), \(count) bytes")
        }
    }

    @Test(arguments: whole)
    func `the parts stay inside the packet for any value of any byte`(name: String, bytes: [UInt8]) throws {
        for index in bytes.indices {
            for value in UInt8.min...UInt8.max {
                var bent = bytes
                bent[index] = value
                guard let segment = try? Self.parse(bent) else { continue }
                let isInside =
                    segment.tcpOffset >= 20 && segment.tcpOffset + 20 <= segment.payloadOffset
                    && segment.payloadOffset <= segment.end && segment.end <= bent.count
                    && (segment.sackCount == 0
                        || (segment.sackOffset >= segment.tcpOffset + 22
                            && segment.sackOffset + segment.sackCount * 8 <= segment.payloadOffset))
                #expect(isInside, "\(name): byte \(index) is \(value)")
            }
        }
    }

    @Test(arguments: whole)
    func `padding after the packet is not payload`(name: String, bytes: [UInt8]) throws {
        let segment = try Self.parse(bytes + [0, 0, 0, 0])
        #expect(segment.end == bytes.count)
        #expect(segment.payloadCount == 6)
    }

    @Test func `a SYN comes before the first byte`() throws {
        var builder = PacketBuilder(
            tuple: snat.reply,
            sequence: 0xffff_ffff,
            acknowledgement: 1,
            flags: [.syn, .ack]
        )
        #expect(try Self.parse(builder.bytes).firstByte.value == 0)
        builder.flags = [.ack]
        #expect(try Self.parse(builder.bytes).firstByte.value == 0xffff_ffff)
    }

    /// A byte of the packet, what it becomes, and why the packet is then refused.
    static let lies4: [(offset: Int, value: UInt8, error: SegmentError)] = [
        (0, 0x35, .unknownVersion), (0, 0x55, .unknownVersion), (0, 0x05, .unknownVersion),
        (0, 0x44, .badLength), (0, 0x40, .badLength), (0, 0x4f, .truncated),
        (3, 19, .badLength), (3, 0, .badLength), (3, 39, .truncated), (2, 0xff, .truncated),
        (6, 0x20, .fragment), (6, 0x60, .fragment), (7, 1, .fragment), (6, 0x1f, .fragment),
        (9, 17, .notTCP), (9, 0, .notTCP),
        (32, 0x40, .badLength), (32, 0x00, .badLength), (32, 0xf0, .truncated),
    ]

    @Test(arguments: lies4)
    func `an inconsistent IPv4 packet is refused with its reason`(
        offset: Int,
        value: UInt8,
        error: SegmentError
    ) {
        var bytes = Self.packet()
        bytes[offset] = value
        #expect(Self.failure(bytes) == error)
    }

    @Test func `an IPv4 packet with a reserved fragment flag is refused`() throws {
        var bytes = Self.packet()
        bytes[6] = 0x00
        _ = try Self.parse(bytes)
        bytes[6] = 0x80
        _ = try Self.parse(bytes)
    }

    /// Extension headers in front of TCP, and why the packet is then refused; `nil` if it is not.
    static let chains: [(name: String, headers: [(UInt8, [UInt8])], error: SegmentError?)] = [
        ("a first fragment", [(44, [0, 0, 0, 1, 0, 0, 0, 7])], .fragment),
        ("a later fragment", [(44, [0, 0, 0, 8, 0, 0, 0, 7])], .fragment),
        ("reserved bits of a whole fragment", [(44, [0, 0, 0, 6, 0, 0, 0, 7])], nil),
        ("an extension header longer than the packet", [(0, [0, 255, 0, 0, 0, 0, 0, 0])], .truncated),
        ("encryption", [(50, [0, 0, 0, 0, 0, 0, 0, 0])], .notTCP),
        ("authentication", [(51, [0, 4, 0, 0, 0, 0, 0, 0])], .notTCP),
        ("UDP", [(17, [0, 0, 0, 0, 0, 0, 0, 0])], .notTCP),
        ("no next header", [(59, [0, 0, 0, 0, 0, 0, 0, 0])], .notTCP),
        ("sixteen headers", .init(repeating: (60, [0, 0, 1, 4, 0, 0, 0, 0]), count: 16), nil),
    ]

    @Test(arguments: chains)
    func `a chain of IPv6 headers is followed or refused with its reason`(
        name: String,
        headers: [(UInt8, [UInt8])],
        error: SegmentError?
    ) {
        let bytes = Self.withExtensions(Self.packet("fd01::2", "fd02::2"), headers)
        #expect(Self.failure(bytes) == error, "\(name)")
    }

    @Test func `a jumbogram is refused`() {
        var bytes = Self.packet("fd01::2", "fd02::2")
        (bytes[4], bytes[5]) = (0, 0)
        #expect(Self.failure(bytes) == .truncated)
    }

    /// TCP options, and how many SACK blocks are found at which offset among them.
    static let options: [(bytes: [UInt8], count: Int, offset: Int)] = [
        ([], 0, 0),
        ([1, 1, 5, 10] + [UInt8](repeating: 7, count: 8), 1, 4),
        ([5, 10] + [UInt8](repeating: 7, count: 8) + [1, 1], 1, 2),
        (
            [1, 1, 8, 10] + [UInt8](repeating: 7, count: 8) + [1, 1, 5, 10] + [UInt8](repeating: 7, count: 8),
            1, 16
        ),
        ([1, 1, 5, 34] + [UInt8](repeating: 7, count: 32), 4, 4),
        // A list that lies, ends, or holds no whole block.
        ([0, 0, 5, 10] + [UInt8](repeating: 7, count: 8), 0, 0),
        ([8, 0, 5, 10] + [UInt8](repeating: 7, count: 8), 0, 0),
        ([8, 1, 5, 10] + [UInt8](repeating: 7, count: 8), 0, 0),
        ([1, 1, 5, 11] + [UInt8](repeating: 7, count: 8), 0, 0),
        ([1, 1, 5, 9] + [UInt8](repeating: 7, count: 8), 0, 0),
        ([1, 1, 5, 2], 0, 0),
        ([1, 1, 1, 5], 0, 0),
        ([1, 1, 5, 255], 0, 0),
    ]

    @Test(arguments: options)
    func `SACK blocks are found among any options`(bytes: [UInt8], count: Int, offset: Int) throws {
        let segment = try Self.parse(Self.packet(options: bytes))
        #expect(segment.sackCount == count)
        #expect(segment.sackOffset == (count > 0 ? 40 + offset : 0))
    }
}
