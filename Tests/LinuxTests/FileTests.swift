// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Glibc
import TestFiles
import Testing

@testable import Linux

/// Files that are read, and those that are written.
@Suite struct FileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func status(_ path: String) throws -> stat {
        var status = stat()
        _ = try SystemError.check("look at \(path)") { unsafe lstat(path, &status) }
        return status
    }

    // MARK: Text files

    @Test func `a file is read from its beginning each time, up to the limit`() throws {
        let path = try directory.make("text", "one two three")
        let file = try TextFile.open(path)
        #expect(try file.text() == "one two three")
        #expect(try file.text(upTo: 7) == "one two")
        #expect(try file.text(upTo: 13) == "one two three")
        #expect(try file.text(upTo: 0) == "")
        #expect(try TextFile.read(path, upTo: 3) == "one")
    }

    @Test func `a long file is read up to its limit`() throws {
        let path = try directory.make("text", String(repeating: "x", count: TextFile.maximumSize + 1))
        #expect(try TextFile.read(path).utf8.count == TextFile.maximumSize)
        #expect(try TextFile.read(path, upTo: .max >> 40).utf8.count == TextFile.maximumSize + 1)
    }

    @Test func `the error names a file that is missing or cannot be read`() {
        let path = "\(directory.path)/none"
        #expect(throws: SystemError("open \(path)", code: ENOENT)) { try TextFile.read(path) }
        #expect(throws: SystemError("read \(directory.path)", code: EISDIR)) {
            try TextFile.read(directory.path)
        }
    }

    // MARK: Files that only their owner may have written

    @Test func `a file that others may write is not read`() throws {
        #expect(try PrivateFile.read("\(directory.path)/none", owner: nil) == nil)
        let path = try directory.make("state", "text", mode: 0o644)
        #expect(try PrivateFile.read(path, owner: nil) == Array("text".utf8))
        for mode in [0o664, 0o646, 0o666] as [mode_t] {
            let path = try directory.make("state", "text", mode: mode)
            #expect(throws: SystemError("read \(path)", code: EPERM)) {
                try PrivateFile.read(path, owner: nil)
            }
        }
        let link = "\(directory.path)/link"
        #expect(unsafe symlink(path, link) == 0)
        #expect(throws: SystemError("read \(link)", code: ELOOP)) { try PrivateFile.read(link, owner: nil) }
        let pipe = "\(directory.path)/pipe"
        #expect(unsafe mkfifo(pipe, 0o600) == 0)
        #expect(throws: SystemError("read \(pipe)", code: EPERM)) { try PrivateFile.read(pipe, owner: nil) }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
    func `a file of another user is read only if that user may own it`() throws {
        let path = try directory.make("state", "text")
        #expect(unsafe chown(path, 64_991, 0) == 0)
        #expect(throws: SystemError("read \(path)", code: EPERM)) {
            try PrivateFile.read(path, owner: nil)
        }
        #expect(throws: SystemError("read \(path)", code: EPERM)) {
            try PrivateFile.read(path, owner: 64_992)
        }
        #expect(try PrivateFile.read(path, owner: 64_991) == Array("text".utf8))
    }

    @Test func `a file larger than a gibibyte is not read`() throws {
        let path = try directory.make("state")
        #expect(unsafe truncate(path, 1 << 30 + 1) == 0)
        #expect(throws: SystemError("read \(path)", code: EFBIG)) { try PrivateFile.read(path, owner: nil) }
    }

    // MARK: Files that tell how a process is doing

    @Test func `a status file is replaced atomically and is readable by its owner and group`() throws {
        let path = "\(directory.path)/status"
        try StatusFile.write("a text that is longer", to: path)
        let former = try TextFile.open(path)
        try StatusFile.write("text", to: path)
        #expect(try TextFile.read(path) == "text")
        #expect(try former.text() == "a text that is longer", "who has it open reads on")
        #expect(try status(path).st_mode & 0o137 == 0)
        #expect(try directory.files == ["status"])
        StatusFile.remove(path)
        StatusFile.remove(path)
        #expect(try directory.files == [])
    }

    @Test func `a draft or link left by another process is replaced and not followed`() throws {
        let victim = try directory.make("victim", "text")
        let path = "\(directory.path)/status"
        #expect(unsafe symlink(victim, "\(path).new") == 0)
        try StatusFile.write("other", to: path)
        #expect(try TextFile.read(victim) == "text")
        #expect(try directory.files == ["status", "victim"])
        let other = "\(directory.path)/none/status"
        #expect(throws: SystemError("make \(other).new", code: ENOENT)) {
            try StatusFile.write("text", to: other)
        }
    }

    // MARK: Which file it is

    @Test func `a file is the same under any of its names, and another file is not`() throws {
        let one = try directory.make("one")
        let other = try directory.make("other")
        let link = "\(directory.path)/link"
        #expect(unsafe symlink(one, link) == 0)
        let identity = FileIdentity(ofFileAt: one)
        #expect(identity != nil && identity == FileIdentity(ofFileAt: link))
        #expect(identity != FileIdentity(ofFileAt: other))
        #expect(FileIdentity(ofFileAt: "\(one)/none") == nil)
        #expect(FileIdentity(ofSocketAt: one) == nil)
        let status = try status(one)
        #expect(identity == FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)))
        #expect(FileIdentity(of: -1) == nil)
        let descriptor = Descriptor(adopting: unsafe open(one, O_RDONLY | O_CLOEXEC))
        #expect(FileIdentity(of: descriptor.number) == identity)
    }

    @Test func `a socket is recognised only under its own name`() throws {
        let path = "\(directory.path)/socket"
        let listener = try UnixListener.open(path, mode: 0o600)
        let identity = FileIdentity(ofSocketAt: path)
        #expect(identity != nil && identity == FileIdentity(ofFileAt: path))
        let link = "\(directory.path)/link"
        #expect(unsafe symlink(path, link) == 0)
        #expect(FileIdentity(ofSocketAt: link) == nil)
        #expect(FileIdentity(ofSocketAt: "\(directory.path)/none") == nil)
        _ = listener.number
    }

    @Test func `a descriptor is closed with its owner, unless it was released`() throws {
        let path = try directory.make("one")
        let identity = FileIdentity(ofFileAt: path)
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
        do {
            let descriptor = Descriptor(adopting: number)
            #expect(FileIdentity(of: descriptor.number) == identity)
            descriptor.relinquish()
        }
        #expect(FileIdentity(of: number) == identity)
        do { _ = Descriptor(adopting: number) }
        // Another test may have the number by now.
        #expect(FileIdentity(of: number) != identity)
    }

    @Test func `the files that match a pattern are sorted`() throws {
        for name in ["b.x", "a.x", "a.y"] { _ = try directory.make(name) }
        let path = directory.path
        #expect(NetworkNamespace.paths(matching: "\(path)/*.x") == ["\(path)/a.x", "\(path)/b.x"])
        #expect(NetworkNamespace.paths(matching: "\(path)/*.z") == [])
    }
}
