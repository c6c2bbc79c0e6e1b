// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import Glibc

/// A file that is written through a shared memory mapping, so that its contents survive when the process is killed.
///
/// Stores may then be partly done and in any order, so a reader has to check what it finds. The file is created under a
/// temporary name, and `publish` renames it, which replaces an older file.
@safe package struct MappedFile: ~Copyable {
    private let descriptor: Descriptor
    private let path: String
    private var address: UnsafeMutableRawPointer
    /// The size in bytes.
    package private(set) var size: Int
    private var isPublished = false

    private init(
        _ descriptor: consuming Descriptor,
        path: String,
        address: UnsafeMutableRawPointer,
        size: Int
    ) {
        self.descriptor = descriptor
        self.path = path
        unsafe self.address = address
        self.size = size
    }

    deinit {
        // Sound: this value owns the mapping of that address and size; the path is NUL-terminated.
        unsafe munmap(address, size)
        if !isPublished { unsafe unlink(MappedFile.draft(of: path)) }
    }

    /// Creates a file of `size` zeros, readable by its owner only, to be published at `path`.
    ///
    /// - Parameters:
    ///   - path: The path that `publish` gives it.
    ///   - size: Its size in bytes, for all of which the file system reserves space.
    /// - Returns: The file.
    /// - Throws: The error of a system call; `ENOSPC` if there is not enough space.
    package static func create(for path: String, size: Int) throws(SystemError) -> MappedFile {
        let name = draft(of: path)
        // Sound, here and below: paths are NUL-terminated and read during the calls.
        unsafe unlink(name)
        let number = try SystemError.check("make \(name)") {
            unsafe open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        let descriptor = Descriptor(adopting: number)
        try reserve(size, of: number, path)
        // Sound: the kernel chooses the address, so the new mapping replaces no other.
        let address = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, number, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            throw SystemError("map \(name)", code: errno)
        }
        return unsafe MappedFile(descriptor, path: path, address: address, size: size)
    }

    /// Renames the file to its final path, which replaces a file there.
    ///
    /// - Throws: The error of `rename(2)`; `EISDIR` if there is a directory.
    package mutating func publish() throws(SystemError) {
        try MappedFile.move(MappedFile.draft(of: path), to: path)
        isPublished = true
    }

    /// Renames a file, which replaces a file at the new path.
    package static func move(_ path: String, to other: String) throws(SystemError) {
        _ = try SystemError.check("rename \(path)") { unsafe rename(path, other) }
    }

    /// Extends the file with zeros to `larger` bytes; does nothing unless that is more than it has.
    ///
    /// - Throws: `ENOSPC` if there is not enough space; the file then stays as it is.
    package mutating func grow(to larger: Int) throws(SystemError) {
        guard larger > size else { return }
        try MappedFile.reserve(larger, of: descriptor.number, path)
        // Sound: this value owns the mapping of that address and size, and replaces the address by the new one.
        let moved = unsafe clinux_move_mapping(address, size, larger)
        guard let moved = unsafe moved else { throw SystemError("map \(path)", code: errno) }
        unsafe address = moved
        size = larger
    }

    /// Writes words in host byte order at `offset`, in bytes; does nothing unless all of them lie within the file.
    package mutating func write(_ words: [UInt64], at offset: Int) {
        let count = words.count * 8
        guard offset >= 0, offset <= size - count else { return }
        // Sound: the guard has checked that the range lies in the mapping, which the array does not overlap.
        let range = unsafe UnsafeMutableRawBufferPointer(start: address + offset, count: count)
        unsafe words.withUnsafeBytes { unsafe range.copyMemory(from: $0) }
    }

    /// The word in host byte order at `offset`, in bytes; 0 if it does not lie within the file.
    package func word(at offset: Int) -> UInt64 {
        guard offset >= 0, offset <= size - 8 else { return 0 }
        // Sound: the guard has checked that the word lies in the mapping, and every bit pattern is a UInt64.
        return unsafe address.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    private static func draft(of path: String) -> String { "\(path).new" }

    /// Extends the file to `size` bytes and reserves space for them; a store without space would raise SIGBUS.
    private static func reserve(_ size: Int, of number: Int32, _ path: String) throws(SystemError) {
        let code = posix_fallocate(number, 0, off_t(size))
        guard code == 0 else { throw SystemError("reserve \(size) bytes for \(path)", code: code) }
    }
}
