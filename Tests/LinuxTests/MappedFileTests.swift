// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Glibc
import Linux
import TestFiles
import Testing

/// A file that is written through memory.
@Suite struct MappedFileTests {
    private let directory: TemporaryDirectory
    private var path: String { "\(directory.path)/file" }

    init() throws { directory = try TemporaryDirectory() }

    private func words() throws -> [UInt64] {
        let bytes = try #require(try PrivateFile.read(path, owner: nil))
        return stride(from: 0, to: bytes.count, by: 8).map { start in
            bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    @Test func `a file gets its name when it is published, and later writes are in it`()
        throws
    {
        do {
            var file = try MappedFile.create(for: path, size: 32)
            file.write([1], at: 0)
            #expect(try directory.files == ["file.new"])
            try file.publish()
            #expect(try directory.files == ["file"])
            file.write([2, 3], at: 16)
        }
        #expect(try words() == [1, 0, 2, 3])
        var status = stat()
        #expect(unsafe lstat(path, &status) == 0 && status.st_mode == S_IFREG | 0o600)
    }

    @Test func `an unpublished file is removed, and the former one stays`() throws {
        do {
            var file = try MappedFile.create(for: path, size: 8)
            file.write([1], at: 0)
            try file.publish()
        }
        do {
            var file = try MappedFile.create(for: path, size: 8)
            file.write([2], at: 0)
        }
        #expect(try directory.files == ["file"])
        #expect(try words() == [1])
    }

    @Test func `reads and writes outside of the file are ignored`() throws {
        var file = try MappedFile.create(for: path, size: 24)
        #expect(file.size == 24)
        file.write([1, 2, 3], at: 0)
        for (count, offset) in [
            (1, 17), (1, 24), (2, 16), (4, 0), (1, -1), (1, -8), (3, 8), (1, .max), (1, .min),
        ]
            as [(Int, Int)]
        {
            file.write([UInt64](repeating: 9, count: count), at: offset)
        }
        #expect([0, 8, 16].map { file.word(at: $0) } == [1, 2, 3])
        #expect([17, 24, -1, -8, .max, .min].map { file.word(at: $0) } == [0, 0, 0, 0, 0, 0])
        #expect(file.word(at: 15) == 3 << 8, "the order of bytes is that of this machine")
        file.write([4], at: 16)
        #expect(file.word(at: 16) == 4)
    }

    @Test func `a file grows, never shrinks, and keeps its content`() throws {
        var file = try MappedFile.create(for: path, size: 16)
        try file.publish()
        file.write([1, 2], at: 0)
        try file.grow(to: 1 << 20)
        #expect(file.size == 1 << 20)
        file.write([3], at: 1 << 20 - 8)
        for size in [0, 16, 1 << 20] {
            try file.grow(to: size)
            #expect(file.size == 1 << 20)
        }
        #expect([0, 8, 16, 1 << 20 - 8].map { file.word(at: $0) } == [1, 2, 0, 3])
        #expect(try words().count == 1 << 17)
    }

    @Test func `a file that cannot be made is named in the error and leaves nothing behind`() throws {
        let error = #expect(throws: SystemError.self) { _ = try MappedFile.create(for: path, size: .max) }
        #expect(error?.operation == "reserve \(Int.max) bytes for \(path)")
        var file = try MappedFile.create(for: path, size: 8)
        #expect(throws: SystemError.self) { try file.grow(to: .max) }
        #expect(file.size == 8)
        #expect(unsafe mkdir(path, 0o700) == 0)
        #expect(throws: SystemError("rename \(path).new", code: EISDIR)) { try file.publish() }
        let other = "\(directory.path)/none/file"
        #expect(throws: SystemError("make \(other).new", code: ENOENT)) {
            _ = try MappedFile.create(for: other, size: 8)
        }
    }
}
