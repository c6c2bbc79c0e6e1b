// SPDX-License-Identifier: GPL-2.0-or-later
import Captures
import Foundation
import Linux
import Testing

@Suite struct CaptureFileTests {
    /// How a file is written.
    enum Format: CaseIterable {
        case pcap, pcapSwapped, nanosecondPcap, nanosecondPcapSwapped, pcapng, nanosecondPcapng

        var isBigEndian: Bool { self == .pcapSwapped || self == .nanosecondPcapSwapped }
        var hasNanoseconds: Bool {
            switch self {
            case .pcap, .pcapSwapped, .pcapng: false
            case .nanosecondPcap, .nanosecondPcapSwapped, .nanosecondPcapng: true
            }
        }
    }

    struct Record: Hashable {
        let nanoseconds: UInt64
        let size: Int
        let bytes: [UInt8]

        init(_ nanoseconds: UInt64, _ bytes: [UInt8], size: Int? = nil) {
            self.nanoseconds = nanoseconds
            self.bytes = bytes
            self.size = size ?? bytes.count
        }
    }

    private static let records = [
        Record(1_700_000_000_123_456_000, [1, 2, 3, 4, 5]),
        Record(1_600_000_000_000_001_000, []),
        Record(0, [9], size: 1500),
        Record(4_294_967_295_999_999_000, Array(0...255)),
    ]

    private static func number(_ value: UInt64, _ size: Int, _ format: Format) -> [UInt8] {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        return format.isBigEndian ? bytes.reversed() : bytes
    }

    /// The bytes of a file.
    private static func file(_ format: Format, _ records: [Record], linkType: UInt64 = 1) -> [UInt8] {
        func n(_ value: UInt64, _ size: Int) -> [UInt8] { number(value, size, format) }
        func block(_ type: UInt64, _ body: [UInt8]) -> [UInt8] {
            let size = UInt64(12 + body.count)
            return n(type, 4) + n(size, 4) + body + n(size, 4)
        }
        switch format {
        case .pcap, .pcapSwapped, .nanosecondPcap, .nanosecondPcapSwapped:
            let magic: UInt64 = format.hasNanoseconds ? 0xa1b2_3c4d : 0xa1b2_c3d4
            let header = n(magic, 4) + n(2, 2) + n(4, 2) + n(0, 8) + n(65535, 4) + n(linkType, 4)
            return records.reduce(into: header) { file, record in
                let rest = record.nanoseconds % 1_000_000_000
                file += n(record.nanoseconds / 1_000_000_000, 4)
                file += n(format.hasNanoseconds ? rest : rest / 1000, 4)
                file += n(UInt64(record.bytes.count), 4) + n(UInt64(record.size), 4) + record.bytes
            }
        case .pcapng, .nanosecondPcapng:
            let resolution = n(9, 2) + n(1, 2) + [format.hasNanoseconds ? 9 : 6, 0, 0, 0] + n(0, 4)
            let section = block(0x0a0d_0d0a, n(0x1a2b_3c4d, 4) + n(1, 2) + n(0, 2) + n(UInt64.max, 8))
            let interface = block(1, n(linkType, 2) + n(0, 2) + n(65535, 4) + resolution)
            return records.reduce(into: section + interface) { file, record in
                let time = record.nanoseconds / (format.hasNanoseconds ? 1 : 1000)
                let padding = [UInt8](repeating: 0, count: (4 - record.bytes.count % 4) % 4)
                file += block(
                    6,
                    n(0, 4) + n(time >> 32, 4) + n(time & 0xffff_ffff, 4) + n(UInt64(record.bytes.count), 4)
                        + n(UInt64(record.size), 4) + record.bytes + padding
                )
            }
        }
    }

    /// Reads a file of these bytes: the frames, and what ended them.
    private static func read(_ bytes: [UInt8]) throws -> (records: [Record], numbers: [UInt64], CaptureError?)
    {
        let url = FileManager.default.temporaryDirectory.appending(path: "pinhole-\(UUID().uuidString).pcap")
        try Data(bytes).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        var records: [Record] = []
        var numbers: [UInt64] = []
        do throws(CaptureError) {
            var capture = try CaptureFile.open(url.path)
            while try capture.next({ frame, span in
                let bytes = (0..<span.count).map { span[$0] }
                records.append(Record(frame.nanoseconds, bytes, size: frame.size))
                numbers.append(frame.number)
            }) {}
            return (records, numbers, nil)
        } catch {
            return (records, numbers, error)
        }
    }

    @Test(arguments: Format.allCases)
    func `every format gives the same frames`(_ format: Format) throws {
        let (records, numbers, error) = try Self.read(Self.file(format, Self.records))
        #expect(error == nil)
        #expect(records == Self.records)
        #expect(numbers == [1, 2, 3, 4])
    }

    @Test(arguments: Format.allCases)
    func `nanoseconds are kept where the file has them`(_ format: Format) throws {
        let record = Record(1_700_000_000_123_456_789, [1])
        let (records, _, _) = try Self.read(Self.file(format, [record]))
        #expect(records == [format.hasNanoseconds ? record : Record(1_700_000_000_123_456_000, [1])])
    }

    @Test(arguments: Format.allCases)
    func `a truncated file gives its complete frames and reports the truncation`(_ format: Format) throws {
        let file = Self.file(format, Self.records)
        let ends = (0...Self.records.count).map { Self.file(format, Array(Self.records.prefix($0))).count }
        for count in 0..<file.count {
            let (records, _, error) = try Self.read(Array(file.prefix(count)))
            let whole = ends.count { $0 <= count } - 1
            #expect(records == Array(Self.records.prefix(max(0, whole))), "\(count) bytes")
            switch error {
            case nil: #expect(ends.contains(count), "\(count) bytes")
            case .unrecognised(_, let reason): #expect(whole < 0 && !reason.isEmpty, "\(count) bytes")
            case .broken(_, let after, let reason):
                #expect(after == UInt64(whole) && !ends.contains(count) && !reason.isEmpty, "\(count) bytes")
            case .unreadable: Issue.record("\(count) bytes")
            }
        }
    }

    @Test func `a frame with an impossible size ends the file`() throws {
        var file = Self.file(.pcap, Array(Self.records.prefix(2)))
        let second = Self.file(.pcap, Array(Self.records.prefix(1))).count
        file.replaceSubrange(second + 8..<second + 12, with: [0xff, 0xff, 0xff, 0x7f])
        let (records, _, error) = try Self.read(file)
        #expect(records == Array(Self.records.prefix(1)))
        guard case .broken(_, 1, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("2147483647"))
    }

    @Test func `times out of range become the nearest time in range`() throws {
        // 2^63 ns are 9223372036.85 s.
        let late = Record(UInt64(Int64.max), [1])
        var file = Self.file(.pcapng, [late])
        let start = Self.file(.pcapng, []).count
        file.replaceSubrange(start + 12..<start + 20, with: [UInt8](repeating: 0xff, count: 8))
        #expect(try Self.read(file).records == [late])
    }

    @Test(arguments: [[], [0], Array("GIF89a\u{1}\u{0}\u{1}\u{0} and more than a header".utf8)])
    func `a file that is no capture is refused`(_ bytes: [UInt8]) throws {
        guard case .unrecognised(let path, let reason) = try Self.read(bytes).2 else {
            Issue.record("not refused")
            return
        }
        #expect(path.hasSuffix(".pcap"))
        #expect(!reason.isEmpty)
    }

    @Test func `the error about a missing file has the system's reason`() throws {
        do throws(CaptureError) {
            _ = try CaptureFile.open("/nowhere/x.pcap")
            Issue.record("opened")
        } catch {
            #expect(error == .unreadable(SystemError("open /nowhere/x.pcap", code: ENOENT)))
            #expect(error.description == "open /nowhere/x.pcap: No such file or directory")
        }
    }

    @Test func `the link type has a number and a name`() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "pinhole-\(UUID().uuidString).pcap")
        defer { try? FileManager.default.removeItem(at: url) }
        for (number, name) in [(1, "EN10MB (1)"), (105, "IEEE802_11 (105)"), (9999, "9999")] {
            try Data(Self.file(.pcap, [], linkType: UInt64(number))).write(to: url)
            let capture = try CaptureFile.open(url.path)
            #expect(capture.linkType == Int32(number))
            #expect(capture.linkTypeName == name)
        }
    }
}
