import Glibc

/// A small file of `/proc` or `/sys`, read whole and as often as one likes.
package struct TextFile: ~Copyable {
    private let descriptor: Descriptor
    private let path: String

    private init(_ descriptor: consuming Descriptor, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Opens the file at `path` for reading.
    package static func open(_ path: String) throws(SystemError) -> TextFile {
        // Sound: the path is NUL-terminated and read during the call.
        let number = try SystemError.check("open \(path)") {
            unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        }
        return TextFile(Descriptor(adopting: number), path)
    }

    /// Takes over an open descriptor of the file at `path`.
    static func adopt(_ descriptor: consuming Descriptor, _ path: String) -> TextFile {
        TextFile(descriptor, path)
    }

    /// Bytes that are read of a file at the most.
    package static let maximumSize = 65536

    /// What the file has to say now, or the first 64 KiB of it; bytes that are not UTF-8 become U+FFFD.
    package func text() throws(SystemError) -> String {
        let bytes = try descriptor.contents(upTo: Self.maximumSize, "read \(path)")
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Opens a file, reads it and closes it.
    package static func read(_ path: String) throws(SystemError) -> String {
        try open(path).text()
    }
}
