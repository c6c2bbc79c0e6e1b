// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import PinholeDaemon

/// The messages of the stream of records.
@Suite struct FrameTests {
    private let frames = [
        Frame(.hello, sequence: 7, 1, 8, words: Frame.words(of: "/run/pinhole/control.state")),
        Frame(.kept, sequence: .max, 0, 12, words: [1, .max, 3]), Frame(.clock, 5), Frame(.gone),
    ]

    private var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for frame in frames { frame.write(to: &bytes) }
        return bytes
    }

    /// Feeds bytes in pieces of a size and returns the messages.
    private func read(_ bytes: [UInt8], by size: Int) throws -> [Frame] {
        var reader = FrameReader()
        var read: [Frame] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            reader.fill { $0 += bytes[start..<min(start + size, bytes.count)] }
            while let frame = try reader.next() { read.append(frame) }
        }
        return read
    }

    @Test(arguments: [1, 7, 8, 33, 1000])
    func `messages are read as written, in any pieces`(size: Int) throws {
        #expect(try read(bytes, by: size) == frames)
    }

    @Test func `a text of any length is read as written`() {
        for count in 0..<20 {
            let text = String(repeating: "x", count: count)
            #expect(Frame(.hello, words: Frame.words(of: text)).text == text)
        }
    }

    @Test func `the bytes of a frame are those of the documented layout`() {
        var bytes: [UInt8] = []
        Frame(.kept, sequence: 2, 3, 4, words: [0x0102_0304_0506_0708]).write(to: &bytes)
        let words: [[UInt8]] = [[4, 1], [2], [3], [4], [8, 7, 6, 5, 4, 3, 2, 1]]
        #expect(bytes == words.flatMap { $0 + [UInt8](repeating: 0, count: 8 - $0.count) })
    }

    @Test func `an invalid message is refused at once, whatever its size`() {
        let wrong: [[UInt8]] = [
            Array("GET / HTTP/1.1\r\n".utf8), [UInt8](repeating: 0xff, count: 8),
            [UInt8](repeating: 0, count: 8), [4, 1, 0, 1, 0, 0, 0, 0],
        ]
        for bytes in wrong { #expect(throws: FrameReader.Malformed.self) { try read(bytes, by: 8) } }
    }

    @Test func `the line before the messages is read separately`() throws {
        var reader = FrameReader()
        reader.fill { $0 += Array("ok".utf8) }
        #expect(reader.takeLine() == nil)
        reader.fill { $0 += Array("\n".utf8) + bytes }
        #expect(reader.takeLine() == "ok")
        #expect(try reader.next() == frames[0])
    }

    @Test func `the longest allowed message is read, and a longer one is refused`() throws {
        let longest = Frame(.kept, words: Array(0..<UInt64(Frame.maximumSize)))
        var bytes: [UInt8] = []
        longest.write(to: &bytes)
        #expect(try read(bytes, by: bytes.count) == [longest])
        bytes = []
        Frame(.kept, words: longest.words + [0]).write(to: &bytes)
        #expect(throws: FrameReader.Malformed.self) { try read(bytes, by: 8) }
    }

    @Test func `a message without its last byte is incomplete`() throws {
        var bytes: [UInt8] = []
        frames[1].write(to: &bytes)
        var reader = FrameReader()
        reader.fill { $0 += bytes.dropLast() }
        #expect(try reader.next() == nil)
        reader.fill { $0 += bytes.suffix(1) }
        #expect(try reader.next() == frames[1])
        #expect(try reader.next() == nil)
    }

    @Test func `lines are read one after the other, including empty ones`() {
        var reader = FrameReader()
        reader.fill { $0 += Array("one\n\ntwo\nthr".utf8) }
        #expect((0..<4).map { _ in reader.takeLine() } == ["one", "", "two", nil])
        reader.fill { $0 += Array("ee\n".utf8) }
        #expect(reader.takeLine() == "three")
    }

    @Test func `a text ends at its first zero byte`() {
        var words = Frame.words(of: "one\0two")
        #expect(Frame(.hello, words: words).text == "one")
        words[0] = 0
        #expect(Frame(.hello, words: words).text == "")
    }
}

/// The changes of the records, for followers.
@Suite struct RecordChangesTests {
    @Test func `changes are kept only while a follower is connected`() {
        var changes = RecordChanges()
        changes.append(Frame(.clock, 1))
        #expect(changes.isEmpty)
        changes.isFollowed = true
        #expect(changes.isEmpty)
        changes.append(Frame(.clock, 2))
        #expect(!changes.isEmpty)
        changes.isFollowed = true
        #expect(!changes.isEmpty, "one more who follows")
        changes.isFollowed = false
        #expect(changes.isEmpty)
        changes.isFollowed = true
        changes.append(Frame(.clock, 3))
        changes.append(Frame(.gone))
        var bytes: [UInt8] = []
        for frame in [Frame(.clock, 3), Frame(.gone)] { frame.write(to: &bytes) }
        #expect(changes.drain() == bytes)
        #expect(changes.isEmpty && changes.drain() == [], "it is taken once")
    }
}
