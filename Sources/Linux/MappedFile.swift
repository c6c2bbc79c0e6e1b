import CLinux
import Glibc

/// A file of this process's own that is written through memory, so that what is written stays when the process is killed.
///
/// Only whole bytes are certain then, in no certain order: whoever reads it has to check. It is made under a name
/// beside its own, and takes the place of an older one when it is published.
@safe package struct MappedFile: ~Copyable {
    private let descriptor: Descriptor
    private let path: String
    private var address: UnsafeMutableRawPointer
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
        // Sound: the mapping is of this address and size, and nobody else has it; the path is NUL-terminated.
        unsafe munmap(address, size)
        if !isPublished { unsafe unlink(MappedFile.draft(of: path)) }
    }

    /// Makes a file of `size` zeros that only its owner may read, to be published at `path`.
    ///
    /// - Throws: What the system says; `ENOSPC` where there is no room for it: what is given can be written.
    package static func create(for path: String, size: Int) throws(SystemError) -> MappedFile {
        let name = draft(of: path)
        // Sound, here and below: paths are NUL-terminated and read during the calls.
        unsafe unlink(name)
        let number = try SystemError.check("make \(name)") {
            unsafe open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        let descriptor = Descriptor(adopting: number)
        try reserve(size, of: number, path)
        // Sound: a new mapping at an address that the kernel chooses takes the place of nothing.
        let address = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, number, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            throw SystemError("map \(name)", code: errno)
        }
        return unsafe MappedFile(descriptor, path: path, address: address, size: size)
    }

    /// Gives the file its name, in place of what has it.
    package mutating func publish() throws(SystemError) {
        try MappedFile.move(MappedFile.draft(of: path), to: path)
        isPublished = true
    }

    /// Gives a file another name, in place of what has that.
    package static func move(_ path: String, to other: String) throws(SystemError) {
        _ = try SystemError.check("rename \(path)") { unsafe rename(path, other) }
    }

    /// Makes the file longer, by zeros.
    package mutating func grow(to larger: Int) throws(SystemError) {
        guard larger > size else { return }
        try MappedFile.reserve(larger, of: descriptor.number, path)
        // Sound: the mapping is of this address and size; what it becomes takes its place here.
        let moved = unsafe clinux_move_mapping(address, size, larger)
        guard let moved = unsafe moved else { throw SystemError("map \(path)", code: errno) }
        unsafe address = moved
        size = larger
    }

    /// Writes words, in the order of this machine, over the bytes at `offset`; they must all lie within the file, or
    /// nothing is written.
    package mutating func write(_ words: [UInt64], at offset: Int) {
        let count = words.count * 8
        guard offset >= 0, offset <= size - count else { return }
        // Sound: as was just checked, the range is one of the mapping, which the array is no part of.
        let range = unsafe UnsafeMutableRawBufferPointer(start: address + offset, count: count)
        unsafe words.withUnsafeBytes { unsafe range.copyMemory(from: $0) }
    }

    /// The word at `offset`, in the order of this machine; 0 if it does not lie within the file.
    package func word(at offset: Int) -> UInt64 {
        guard offset >= 0, offset <= size - 8 else { return 0 }
        // Sound: as was just checked, the word is one of the mapping; any eight bytes are one.
        return unsafe address.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    private static func draft(of path: String) -> String { "\(path).new" }

    /// Sees to it that the file has so many bytes and there is room for them: to write beyond would be the end (SIGBUS).
    private static func reserve(_ size: Int, of number: Int32, _ path: String) throws(SystemError) {
        let code = posix_fallocate(number, 0, off_t(size))
        guard code == 0 else { throw SystemError("reserve \(size) bytes for \(path)", code: code) }
    }
}
