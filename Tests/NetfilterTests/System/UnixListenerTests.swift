import Glibc
import Netfilter
import Testing

@Suite struct UnixListenerTests {
    private let directory = "/tmp/pinhole-test-listener-\(UInt64.random(in: 0 ... .max))"

    private var path: String { "\(directory)/socket" }

    private func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    @Test func `the file and the directory made for it go with the listener`() throws {
        do {
            let listener = try UnixListener.open(path, mode: 0o600)
            #expect(exists(path))
            _ = listener.number
        }
        #expect(!exists(directory))
    }

    @Test func `a socket at which somebody listens is left to him`() throws {
        let listener = try UnixListener.open(path, mode: 0o600)
        let error = #expect(throws: SystemError.self) { _ = try UnixListener.open(path, mode: 0o600) }
        #expect(error?.code == EADDRINUSE)
        #expect(exists(path))
        _ = listener.number
    }

    @Test func `a file that took the socket's place stays`() throws {
        do {
            let listener = try UnixListener.open(path, mode: 0o600)
            #expect(unsafe unlink(path) == 0)
            close(try check("make a file", unsafe creat(path, 0o600)))
            _ = listener.number
        }
        #expect(exists(path))
        #expect(unsafe unlink(path) == 0)
        #expect(unsafe rmdir(directory) == 0)
    }

    @Test func `a path that is too long is refused, and the directory does not stay`() {
        let long = path + String(repeating: "x", count: 108)
        let error = #expect(throws: SystemError.self) { _ = try UnixListener.open(long, mode: 0o600) }
        #expect(error?.code == ENAMETOOLONG)
        #expect(!exists(directory))
    }

    @Test func `a directory that cannot be made is named`() {
        let error = #expect(throws: SystemError.self) {
            _ = try UnixListener.open("\(directory)/deeper/socket", mode: 0o600)
        }
        #expect(error == SystemError("make the directory \(directory)/deeper", code: ENOENT))
    }
}
