// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@Suite struct TLSRecordsTests {
    /// A record of that content type around those bytes.
    static func record(_ type: UInt8, version: UInt8 = 3, _ content: [UInt8]) -> [UInt8] {
        [type, 3, version, UInt8(content.count >> 8), UInt8(content.count & 0xff)] + content
    }

    /// A record of application data.
    static func record(_ content: [UInt8]) -> [UInt8] { record(23, content) }

    private static let stream =
        record(22, version: 1, [1, 2, 3]) + record(20, [1]) + record([]) + record(Array("PORT 1\r\n".utf8))
        + record(24, version: 4, .init(repeating: 10, count: 300)) + record(21, [1, 0])

    @Test func `records are followed with any two cuts`() {
        let bytes = Self.stream + Array("PASV\r\n".utf8)
        for first in 0...bytes.count {
            for second in stride(from: first, through: bytes.count, by: 7) {
                var records = TLSRecords()
                var plain: Int?
                for range in [0..<first, first..<second, second..<bytes.count] where plain == nil {
                    plain = records.consume(bytes.span.extracting(range)).map { range.lowerBound + $0 }
                }
                #expect(plain == Self.stream.count)
                #expect(records.hasSentData)
            }
        }
    }

    @Test func `a stream that ends inside a record is still TLS`() {
        for count in 0...Self.stream.count {
            var records = TLSRecords()
            #expect(records.consume(Self.stream.span.extracting(0..<count)) == nil)
        }
    }

    /// Bytes at which a record should begin, and whether one can.
    static let beginnings: [(bytes: [UInt8], isTLS: Bool)] = [
        ([20], true), ([24], true), ([22, 3], true), ([23, 3, 0], true), ([23, 3, 4, 0x48, 0], true),
        ([22, 3, 3, 0, 0], true),
        ([19], false), ([25], false), ([0x50], false), ([22, 2], false), ([22, 4], false),
        ([23, 3, 5], false),
        ([23, 3, 3, 0x49], false), ([23, 0x20], false), ([10], false), ([0], false), ([255], false),
    ]

    @Test(arguments: beginnings)
    func `an invalid header ends the TLS`(bytes: [UInt8], isTLS: Bool) {
        var records = TLSRecords()
        #expect((records.consume(bytes.span) == nil) == isTLS)
    }

    @Test func `after missed bytes the next record is searched for`() {
        var records = TLSRecords()
        let half = Array(Self.record(.init(repeating: 0, count: 100))[..<50])
        #expect(records.consume(half.span) == nil)
        records.resume()
        let next = Self.record([1, 2, 3])
        #expect(records.consume(next.span) == nil)
        let plain = Array("PASV\r\n".utf8)
        #expect(records.consume(plain.span) == 0)
    }

    @Test func `after a hole nothing counts as plain text before a whole record header`() {
        var records = TLSRecords()
        records.resume()
        for text in ["PASV\r\n", "PORT 10,1,0,2,19,137\r\n"] {
            let bytes = Array(text.utf8)
            #expect(records.consume(bytes.span) == nil)
        }
    }

    /// Which of a server's records, each with whether the client has sent data before, shows that the client has finished
    /// the handshake.
    private static func firstAnswer(_ said: [(bytes: [UInt8], isAnswer: Bool)]) -> Int? {
        var records = TLSRecords(of: .server)
        for (index, (bytes, isAnswer)) in said.enumerated() {
            #expect(records.consume(bytes.span, isAnswer: isAnswer) == nil)
            if records.hasAnswered { return index }
        }
        return nil
    }

    /// A record of application data whose content is that long.
    private static func data(_ length: Int) -> [UInt8] { record(.init(repeating: 0xda, count: length)) }

    /// A ServerHello by which TLS 1.3 is chosen, with as many random bytes.
    static func choice(_ count: Int = 70) -> [UInt8] {
        record(
            22,
            [2, 0, 0, UInt8(count + 8), 3, 3] + [UInt8](repeating: 0, count: count) + [0, 43, 0, 2, 3, 4]
        )
    }

    private static let hello = record(22, [2, 0, 0, 2, 3, 3])

    @Test func `up to TLS 1.2 a whole record longer than an alert proves it, after data of the client`() {
        for (length, index) in [(19, nil), (20, 2), (300, 2)] as [(Int, Int?)] {
            #expect(
                Self.firstAnswer([(Self.hello, false), (Self.data(length), false), (Self.data(length), true)])
                    == index
            )
        }
        let record = Self.data(20)
        for cut in 0..<record.count {
            let pieces = [(Array(record[..<cut]), true), (Array(record[cut...]), true)]
            #expect(Self.firstAnswer([(Self.hello, false)] + pieces) == 2)
        }
        #expect(Self.firstAnswer([(Self.data(20), true), (Self.hello, true), (Self.data(20), true)]) == nil)
    }

    /// The lengths of what servers send in TLS 1.3, as OpenSSL and others cut it, and how much of it a handshake can have.
    static let flights: [(name: String, lengths: [Int], handshake: Int)] = [
        ("each message for itself, then two tickets and replies", [23, 837, 281, 53, 250, 250, 34, 40], 4),
        ("with a request for a certificate", [23, 98, 837, 281, 69, 250, 250, 34, 40], 5),
        (
            "with a request that is longer than the certificate",
            [23, 1500, 837, 281, 69, 1100, 1100, 34, 40], 5
        ),
        ("in pieces of 512", [23, 98, 529, 529, 200, 281, 69, 250, 250, 34], 7),
        ("in pieces of 64", [23, 81, 40, 81, 81, 81, 81, 30, 81, 81, 81, 25, 53, 60, 60, 34], 13),
        ("padded to the same length", [529, 529, 1041, 529, 529, 529, 529, 529], 6),
        ("all in one, a ticket, and replies", [3200, 250, 51, 40, 37, 38], 1),
        ("all in one, and replies", [3200, 51, 40, 37, 38, 61], 1),
        ("a session taken up again", [23, 53, 250, 250, 51, 40, 37, 38, 62], 2),
    ]

    @Test(arguments: flights)
    func `in TLS 1.3 more bytes than a handshake can have prove it`(
        flight: (name: String, lengths: [Int], handshake: Int)
    ) throws {
        let records = [(Self.choice(), false)] + flight.lengths.map { (Self.data($0), true) }
        let first = try #require(Self.firstAnswer(records), "\(flight.name)")
        #expect(first > flight.handshake, "\(flight.name)")
        // The alert of a server that has refused the client, padded or not, does not help.
        for alert in [19, 64, 256, 529] {
            let refused = records.prefix(flight.handshake + 1) + [(Self.data(alert), true)]
            #expect(Self.firstAnswer(Array(refused)) == nil, "\(flight.name), \(alert)")
        }
        // Nor does it count before the client has sent anything.
        #expect(Self.firstAnswer(records.map { ($0.0, false) }) == nil)
    }

    @Test func `TLS 1.3 is recognised in any segmentation, and assumed after missed bytes`() {
        for count in 0..<20 {
            let hello = Self.choice(count)
            for cut in 0..<hello.count {
                let pieces = [(Array(hello[..<cut]), false), (Array(hello[cut...]), false)]
                #expect(Self.firstAnswer(pieces + [(Self.data(100), true)]) == nil)
            }
        }
        let decoys: [[UInt8]] = [[0, 43, 0], [0, 43], [0], [0, 43, 0, 2, 3], [0, 43, 0, 2]]
        for decoy in decoys {
            let hello = Self.record(22, decoy + [0, 43, 0, 2, 3, 4])
            #expect(Self.firstAnswer([(hello, false), (Self.data(100), true)]) == nil, "\(decoy)")
            let other = Self.record(22, decoy + [0, 43, 0, 2, 3, 3])
            #expect(Self.firstAnswer([(other, false), (Self.data(100), true)]) == 1, "\(decoy)")
        }
        var records = TLSRecords(of: .server)
        records.resume()
        let seen = Self.hello + Self.data(100)
        #expect(records.consume(seen.span, isAnswer: true) == nil)
        #expect(!records.hasAnswered)
    }

    @Test func `after a hole records that began before it do not count`() {
        var records = TLSRecords(of: .server)
        let begun = Self.hello + Self.data(19) + Self.data(100)[..<50]
        #expect(records.consume(begun.span, isAnswer: true) == nil)
        records.resume()
        let alert = Self.data(19)
        #expect(records.consume(alert.span, isAnswer: true) == nil)
        #expect(!records.hasAnswered)
        let whole = Self.data(20)
        #expect(records.consume(whole.span, isAnswer: true) == nil)
        #expect(records.hasAnswered)
    }

    @Test func `a stream begins with TLS if it begins with a handshake`() {
        for (bytes, isTLS) in [
            ([22, 3], true), ([22, 3, 1, 2, 0], true), ([22], false), ([], false), ([23, 3], false),
            ([22, 2], false),
            (Array("USER".utf8), false),
        ] as [([UInt8], Bool)] {
            #expect(TLSRecords.begins(bytes.span) == isTLS)
        }
    }
}
