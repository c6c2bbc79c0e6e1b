// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// What error messages of ICMP and ICMPv6 quote.
@Suite struct QuotedSegmentTests {
    static func segment(_ source: String = "10.2.0.2", _ destination: String = "10.1.0.2") -> [UInt8] {
        PacketBuilder(
            tuple: Tuple(
                source: Endpoint(address(source), 21),
                destination: Endpoint(address(destination), 40112)
            ),
            sequence: 0xffff_fffe,
            acknowledgement: 0x8000_0001,
            payload: Array("227 Entering Passive Mode\r\n".utf8)
        ).bytes
    }

    private static let both = [segment(), segment("fd02::2", "fd01::2")]

    private static func parse(_ packet: [UInt8]) -> QuotedSegment? { QuotedSegment(parsing: packet.span) }

    /// The same packet with these bytes behind its IP header, of which the first tells the kind of the next one.
    private static func extended(_ packet: [UInt8], _ kind: UInt8, _ header: [UInt8]) -> [UInt8] {
        var result = Array(packet[..<40]) + [packet[6]] + header[1...] + packet[40...]
        result[6] = kind
        return result
    }

    @Test(arguments: both)
    func `the quoted segment is found, and its numbers are rewritten`(quoted: [UInt8]) throws {
        let packet = ErrorMessage(quoting: quoted).bytes
        let start = packet.count - quoted.count - 8
        #expect(hasRightChecksums(message: packet, startingAt: start, quoting: quoted.count))
        let segment = try #require(Self.parse(packet))
        #expect(segment.tuple.source.port == 21 && segment.tuple.destination.port == 40112)
        #expect(segment.sequence.value == 0xffff_fffe)
        #expect(segment.acknowledgement?.value == 0x8000_0001)
        var output: [UInt8] = []
        segment.rewrite(
            packet.span,
            sequence: SequenceNumber(7),
            acknowledgement: SequenceNumber(0xffff_ffff),
            into: &output
        )
        #expect(hasRightChecksums(message: output, startingAt: start, quoting: quoted.count))
        let other = try #require(Self.parse(output))
        #expect(other.sequence.value == 7 && other.acknowledgement?.value == 0xffff_ffff)
        #expect(other.tuple == segment.tuple)
        // All else is as it was, but for two checksums.
        let tcp = packet.count - quoted.count + (quoted[0] >> 4 == 4 ? 20 : 40)
        let changed = packet.indices.filter { packet[$0] != output[$0] }
        let places = Set(start + 2..<start + 4).union(tcp + 4..<tcp + 12).union(tcp + 16..<tcp + 18)
        #expect(Set(changed).isSubset(of: places))
    }

    /// Routers quote as little as the first 8 bytes after the IP header.
    @Test(arguments: both)
    func `a truncated quotation is translated as far as it goes`(quoted: [UInt8]) throws {
        let header = quoted[0] >> 4 == 4 ? 20 : 40
        for shown in 0...quoted.count {
            var message = ErrorMessage(quoting: quoted)
            message.shown = shown
            let packet = message.bytes
            guard let segment = Self.parse(packet) else {
                #expect(shown < header + 8, "\(shown) bytes")
                continue
            }
            #expect(shown >= header + 8, "\(shown) bytes")
            #expect((segment.acknowledgement == nil) == (shown < header + 14), "\(shown) bytes")
            var output: [UInt8] = []
            segment.rewrite(
                packet.span,
                sequence: SequenceNumber(77),
                acknowledgement: SequenceNumber(88),
                into: &output
            )
            #expect(output.count == packet.count)
            let start = packet.count - shown - 8
            let isWhole = shown == quoted.count
            #expect(
                hasRightChecksums(message: output, startingAt: start, quoting: isWhole ? shown : nil),
                "\(shown) bytes"
            )
            #expect(Self.parse(output)?.sequence.value == 77)
        }
    }

    /// RFC 4884: a short quotation is filled up with zeros, and extensions follow.
    @Test func `zeros after a quotation are not taken for an acknowledgement`() throws {
        var message = ErrorMessage(quoting: Self.both[0])
        message.shown = 28
        message.appendix = [UInt8](repeating: 0, count: 100) + [0x20, 0, 0xdf, 0xff]
        let packet = message.bytes
        let segment = try #require(Self.parse(packet))
        #expect(segment.acknowledgement == nil)
        var output: [UInt8] = []
        segment.rewrite(packet.span, sequence: SequenceNumber(1), acknowledgement: nil, into: &output)
        #expect(output[56...] == packet[56...])
        #expect(hasRightChecksums(message: output, startingAt: 20))
    }

    @Test func `options and extension headers of the message and of its quotation are skipped`() throws {
        var quoted = Self.both[0]
        quoted = Array(quoted[..<20]) + [1, 1, 1, 0] + quoted[20...]
        quoted[0] = 0x46
        var message = ErrorMessage(quoting: quoted)
        message.options = [0x94, 4, 0, 0]
        #expect(Self.parse(message.bytes)?.sequence.value == 0xffff_fffe)

        let fragment: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 7]
        let long: [UInt8] = [0, 1] + [UInt8](repeating: 0, count: 14)
        let headers: [(UInt8, [UInt8])] = [(0, [0, 0, 1, 4, 0, 0, 0, 0]), (60, long), (44, fragment)]
        for (kind, header) in headers {
            var message = ErrorMessage(quoting: Self.extended(Self.both[1], kind, header))
            message.firstHeader = 0
            message.options = [58, 0, 1, 4, 0, 0, 0, 0]
            let packet = message.bytes
            let segment = try #require(Self.parse(packet), "\(kind)")
            var output: [UInt8] = []
            segment.rewrite(packet.span, sequence: SequenceNumber(9), acknowledgement: nil, into: &output)
            #expect(hasRightChecksums(message: output, startingAt: 48), "\(kind)")
            #expect(Self.parse(output)?.sequence.value == 9)
        }
    }

    @Test func `other messages contain no quoted segment`() {
        let types: [(UInt8, Bool)] = [
            (0, false), (3, true), (4, true), (5, true), (8, false), (11, true), (12, true), (13, false),
        ]
        for (type, isError) in types {
            var message = ErrorMessage(quoting: Self.both[0])
            message.type = type
            #expect((Self.parse(message.bytes) != nil) == isError, "ICMP \(type)")
        }
        for type in 0...255 as ClosedRange<UInt8> {
            var message = ErrorMessage(quoting: Self.both[1])
            message.type = type
            #expect((Self.parse(message.bytes) != nil) == (1...4).contains(type), "ICMPv6 \(type)")
        }
        #expect(Self.parse(Self.both[0]) == nil)
        #expect(Self.parse([]) == nil)
        var datagram = Self.both[0]
        datagram[9] = 17
        #expect(Self.parse(ErrorMessage(quoting: datagram).bytes) == nil)
        var later = Self.both[0]
        later[7] = 1
        #expect(Self.parse(ErrorMessage(quoting: later).bytes) == nil)
        var fragment = ErrorMessage(quoting: Self.both[0]).bytes
        fragment[6] = 0x20
        #expect(Self.parse(fragment) == nil)
    }

    /// Whatever it is, it is read without a trap, and written back as long as it was.
    @Test func `random and truncated messages do not trap`() {
        var random = Seeded(state: 11)
        for round in 0..<4000 {
            var message = ErrorMessage(quoting: Self.both[round % 2])
            message.shown = Int.random(in: 0...80, using: &random)
            var packet = message.bytes
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                packet[Int.random(in: 0..<packet.count, using: &random)] = UInt8.random(
                    in: 0...255,
                    using: &random
                )
            }
            packet = Array(packet.prefix(Int.random(in: 0...packet.count, using: &random)))
            guard let segment = Self.parse(packet) else { continue }
            var output: [UInt8] = []
            segment.rewrite(
                packet.span,
                sequence: SequenceNumber(1),
                acknowledgement: SequenceNumber(2),
                into: &output
            )
            #expect(output.count == packet.count)
        }
    }
}
