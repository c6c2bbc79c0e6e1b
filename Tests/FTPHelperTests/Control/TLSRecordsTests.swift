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

    @Test func `records are followed over any two cuts`() {
        let bytes = Self.stream + Array("PASV\r\n".utf8)
        for first in 0...bytes.count {
            for second in stride(from: first, through: bytes.count, by: 7) {
                var records = TLSRecords()
                var plain: Int?
                for range in [0..<first, first..<second, second..<bytes.count] where plain == nil {
                    plain = records.consume(bytes.span.extracting(range)).map { range.lowerBound + $0 }
                }
                #expect(plain == Self.stream.count)
                #expect(records.hasSeenRecord)
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
    func `a header that can be none ends the TLS`(bytes: [UInt8], isTLS: Bool) {
        var records = TLSRecords()
        #expect((records.consume(bytes.span) == nil) == isTLS)
        #expect(records.hasSeenRecord == (isTLS && bytes.count == 5))
    }

    @Test func `after missed bytes a record is looked for anew`() {
        var records = TLSRecords()
        let half = Array(Self.record(.init(repeating: 0, count: 100))[..<50])
        #expect(records.consume(half.span) == nil)
        records.resume()
        let next = Self.record([1, 2, 3])
        #expect(records.consume(next.span) == nil)
        let plain = Array("PASV\r\n".utf8)
        #expect(records.consume(plain.span) == 0)
    }

    @Test func `behind a hole nothing is plain text before a whole record header came`() {
        var records = TLSRecords()
        records.resume()
        for text in ["PASV\r\n", "PORT 10,1,0,2,19,137\r\n"] {
            let bytes = Array(text.utf8)
            #expect(records.consume(bytes.span) == nil)
        }
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
