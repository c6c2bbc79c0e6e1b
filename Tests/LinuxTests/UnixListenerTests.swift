// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Glibc
import Linux
import Synchronization
import Testing

@Suite struct UnixListenerTests {
    private let directory = "/tmp/pinhole-test-listener-\(UInt64.random(in: 0 ... .max))"

    private var path: String { "\(directory)/socket" }

    private func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    @Test func `the socket and a directory made for it are removed with the listener`() throws {
        do {
            let listener = try UnixListener.open(path, mode: 0o600)
            #expect(exists(path))
            _ = listener.number
        }
        #expect(!exists(directory))
    }

    @Test func `a socket with a listener is not replaced`() throws {
        let listener = try UnixListener.open(path, mode: 0o600)
        let error = #expect(throws: SystemError.self) { _ = try UnixListener.open(path, mode: 0o600) }
        #expect(error?.code == EADDRINUSE)
        #expect(exists(path))
        _ = listener.number
    }

    /// Opens a listener at the path of a closed one, which a process just forked by another test can keep open for a moment.
    private func replacing() throws -> UnixListener {
        for _ in 0..<500 {
            do throws(SystemError) {
                return try UnixListener.open(path, mode: 0o600)
            } catch {
                guard error.code == EADDRINUSE else { throw error }
                usleep(10_000)
            }
        }
        return try UnixListener.open(path, mode: 0o600)
    }

    @Test func `a socket without a listener is always replaced`() throws {
        for _ in 0..<200 {
            var listener = try replacing()
            listener.leaveFile()
        }
        #expect(exists(path))
        #expect(unsafe unlink(path) == 0)
        #expect(unsafe rmdir(directory) == 0)
    }

    @Test func `the socket of a killed process is replaced at once`() throws {
        // It never listened, so that no copy of its descriptor does.
        let bind = "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])"
        #expect(unsafe mkdir(directory, 0o755) == 0)
        let dead = try ChildProcess.run("python3", ["-c", bind, path])
        try #require(dead.status == 0, "\(dead.errors)")
        let former = FileIdentity(ofSocketAt: path)
        let listener = try UnixListener.open(path, mode: 0o600)
        #expect(former != nil && FileIdentity(ofSocketAt: path) != nil)
        let stream = try SocketStream.connect(to: path)
        #expect(stream.number != listener.number)
        #expect(unsafe unlink(path) == 0)
        #expect(unsafe rmdir(directory) == 0)
    }

    @Test func `a file in place of the socket stays`() throws {
        do {
            let listener = try UnixListener.open(path, mode: 0o600)
            #expect(unsafe unlink(path) == 0)
            close(try SystemError.check("make a file") { unsafe creat(path, 0o600) })
            _ = listener.number
        }
        #expect(exists(path))
        #expect(unsafe unlink(path) == 0)
        #expect(unsafe rmdir(directory) == 0)
    }

    @Test func `the socket has its mode and group with any umask, which does not change`() throws {
        // The umask belongs to the whole process, so it is only read.
        let group: gid_t? = geteuid() == 0 ? 64_991 : nil
        let listener = try UnixListener.open(path, mode: 0o666, group: group)
        var status = stat()
        #expect(unsafe lstat(path, &status) == 0)
        #expect(status.st_mode == S_IFSOCK | 0o666)
        #expect(status.st_gid == group ?? getegid())
        #expect(status.st_uid == geteuid())
        _ = listener.number
        let mask = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        #expect(!mask.contains("\nUmask:\t0000\n"))
        let file = "\(directory).own"
        close(try SystemError.check("make a file") { unsafe creat(file, 0o600) })
        #expect(unsafe lstat(file, &status) == 0)
        #expect(status.st_gid == getegid())
        unsafe unlink(file)
    }

    @Test func `a link in place of the socket is not followed to another file`() throws {
        let (victim, link) = ("\(directory).victim", "\(directory).link")
        close(try SystemError.check("make a file") { unsafe creat(victim, 0o600) })
        defer { for file in [victim, link] { unsafe unlink(file) } }
        #expect(unsafe mkdir(directory, 0o755) == 0)
        let attacker = Attacker(path, link, victim)
        for _ in 0..<500 {
            unsafe unlink(path)
            _ = try? UnixListener.open(path, mode: 0o666, group: geteuid() == 0 ? 64_991 : nil)
        }
        attacker.stop()
        var status = stat()
        #expect(unsafe lstat(victim, &status) == 0, "nor was it removed")
        #expect(status.st_mode == S_IFREG | 0o600)
        #expect(status.st_gid == getegid())
        unsafe unlink(path)
        #expect(unsafe rmdir(directory) == 0)
    }

    /// Repeatedly replaces a socket file by a symbolic link as soon as it appears.
    private final class Attacker: Sendable {
        private let isOver = Mutex(false)
        private let done = DispatchSemaphore(value: 0)

        init(_ path: String, _ link: String, _ victim: String) {
            Thread { [self] in
                while !isOver.withLock({ $0 }) {
                    guard FileIdentity(ofSocketAt: path) != nil else { continue }
                    unsafe symlink(victim, link)
                    unsafe rename(link, path)
                }
                done.signal()
            }.start()
        }

        func stop() {
            isOver.withLock { $0 = true }
            done.wait()
        }
    }

    @Test func `a path that is too long is refused, and its directory is removed`() {
        let long = path + String(repeating: "x", count: 108)
        let error = #expect(throws: SystemError.self) { _ = try UnixListener.open(long, mode: 0o600) }
        #expect(error?.code == ENAMETOOLONG)
        #expect(!exists(directory))
    }

    @Test func `a directory that cannot be made is named in the error`() {
        let error = #expect(throws: SystemError.self) {
            _ = try UnixListener.open("\(directory)/deeper/socket", mode: 0o600)
        }
        #expect(error == SystemError("make the directory \(directory)/deeper", code: ENOENT))
    }
}
