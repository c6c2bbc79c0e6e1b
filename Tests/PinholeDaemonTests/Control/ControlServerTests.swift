// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import TestFiles
import Testing

@testable import PinholeDaemon
import Formats

@Suite struct ControlServerTests {
    private let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = "\(directory.path)/control"
    }

    func seconds(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    /// Serves ready clients, often enough that any small answer is sent; every request is answered with `answer`.
    func serve(
        _ server: inout ControlServer,
        at now: Instant = Instant(nanoseconds: 0),
        _ answer: (ControlRequest, UInt32) -> ControlAnswer = { request, _ in .whole("\(request.line)!\n") }
    ) throws {
        for _ in 0..<4 { try server.serve(at: now, answer) }
    }

    func event(_ id: UInt64) -> EventRecord {
        let sample = Samples.expectation
        let expectation = Expectation(
            id: id,
            kind: sample.kind,
            master: sample.master,
            from: sample.from,
            to: sample.to,
            translatedFrom: sample.translatedFrom,
            translatedTo: sample.translatedTo,
            deadline: sample.deadline
        )
        return EventRecord(.expired(expectation), time: 1, instant: Samples.now)
    }

    @Test func `a request is answered and the connection closed`() throws {
        var server = try ControlServer.open(path)
        let client = try TestClient(path)
        try client.send("stats json\n")
        try serve(&server)
        try client.read()
        #expect(client.text == "ok\nstats json!\n")
        #expect(client.isClosed)
        #expect(server.nextDeadline == nil)
    }

    @Test func `a request may come in pieces, and its sender may have shut down its side`() throws {
        var server = try ControlServer.open(path)
        let client = try TestClient(path)
        for byte in "flush\n" {
            try client.send(String(byte))
            if byte == "\n" { client.finish() }
            try serve(&server)
        }
        try client.read()
        #expect(client.text == "ok\nflush!\n")
    }

    @Test func `all clients are answered, one at a time`() throws {
        var server = try ControlServer.open(path)
        let clients = try (0..<8).map { _ in try TestClient(path) }
        for _ in clients { try server.serve(at: seconds(0)) { _, _ in .whole("") } }
        for client in clients { try client.send("flush\n") }
        for turn in 1...clients.count {
            try server.serve(at: seconds(0)) { request, _ in .whole("\(request.line)!\n") }
            for client in clients { try client.read() }
            #expect(clients.count { $0.isClosed && $0.text == "ok\nflush!\n" } == turn)
        }
    }

    @Test func `the server knows the user of a client`() throws {
        let nobody: UInt32 = 65534
        var server = try ControlServer.open(path, group: nobody)
        let ask = "import socket, sys; s = socket.socket(1); s.connect(sys.argv[1]); s.send(b'flush\\n')"
        let identity = ["--reuid=\(nobody)", "--regid=\(nobody)", "--clear-groups"]
        let stranger = try ChildProcess.run("setpriv", identity + ["/usr/bin/python3", "-c", ask, path])
        try #require(stranger.status == 0, "\(stranger.errors)")
        var users: [UInt32] = []
        try serve(&server) { _, user in
            users.append(user)
            return .whole("")
        }
        #expect(users == [nobody])
        let client = try TestClient(path)
        try client.send("flush\n")
        try serve(&server) { _, user in
            users.append(user)
            return .whole("")
        }
        #expect(users == [nobody, geteuid()])
    }

    @Test(arguments: ["\n", "hello\n", "flush \n", String(repeating: "x", count: 401), "\u{0}\u{ff}\n"])
    func `an invalid request gets an error and has no effect`(_ rubbish: String) throws {
        var server = try ControlServer.open(path)
        let client = try TestClient(path)
        try client.send(rubbish)
        try serve(&server) { request, _ in
            Issue.record("\(request) was performed")
            return .whole("")
        }
        try client.read()
        #expect(
            client.text == "error: the daemon does not know this request: use its own version of pinhole\n"
        )
        #expect(client.isClosed)
    }

    @Test func `an incomplete request or a closed connection has no effect`() throws {
        var server = try ControlServer.open(path)
        let client = try TestClient(path)
        try client.send("flush")
        client.finish()
        try serve(&server) { request, _ in
            Issue.record("\(request) was performed")
            return .whole("")
        }
        try client.read()
        #expect(client.text == "")
        #expect(client.isClosed)
    }

    @Test func `a client that does not finish its request in time is disconnected`() throws {
        var server = try ControlServer.open(path)
        let client = try TestClient(path)
        try client.send("flus")
        try serve(&server, at: seconds(100))
        #expect(server.nextDeadline == seconds(110))
        try server.expire(at: Instant(nanoseconds: 109_999_999_999))
        try client.read()
        #expect(!client.isClosed)
        try server.expire(at: seconds(110))
        try client.read()
        #expect(client.isClosed)
        #expect(server.nextDeadline == nil)
    }

    @Test func `a long answer is generated only as fast as it is read`() throws {
        var server = try ControlServer.open(path)
        let client = try TestClient(path)
        try client.send("connections text\n")
        var made = 0
        let line = String(repeating: "x", count: 999) + "\n"
        let count = 5000
        let answer = ControlAnswer.pieces {
            made += 1
            return made <= count ? line : nil
        }
        try serve(&server) { _, _ in answer }
        // The socket's buffer and the client's are full; nothing goes on by itself.
        let inFlight = made
        #expect(inFlight < 1000)
        for _ in 0..<10 { try serve(&server) }
        #expect(made < inFlight + 100)
        while !client.isClosed {
            try client.read(limit: 100_000)
            try serve(&server)
        }
        #expect(client.received.count == 3 + count * 1000)
    }

    @Test func `a client that does not read its answer is disconnected`() throws {
        var server = try ControlServer.open(path)
        let client = try TestClient(path)
        try client.send("connections text\n")
        try serve(&server, at: seconds(1)) { _, _ in .pieces { String(repeating: "x", count: 1000) } }
        #expect(server.nextDeadline == seconds(11))
        try client.read(limit: 200_000)
        try serve(&server, at: seconds(9))
        #expect(server.nextDeadline == seconds(19))
        try server.expire(at: seconds(19))
        try client.read()
        #expect(client.isClosed)
    }

    @Test func `a client beyond the limit gets an error, and its place is free again when another leaves`()
        throws
    {
        var server = try ControlServer.open(path)
        let isRoot = geteuid() == 0
        var clients = try (0..<(isRoot ? ControlPlaces.all : ControlPlaces.forOneUser)).map { _ in
            try TestClient(path)
        }
        for _ in clients { try serve(&server) }
        let surplus = try TestClient(path)
        try serve(&server)
        try surplus.read()
        let whose = isRoot ? "" : " of this user"
        #expect(surplus.text == "error: too many clients\(whose) at the control socket: close some of them\n")
        #expect(surplus.isClosed)
        clients.removeLast()
        try serve(&server)
        let next = try TestClient(path)
        try next.send("flush\n")
        try serve(&server)
        try next.read()
        #expect(next.text == "ok\nflush!\n")
    }

    @Test func `without a descriptor for another client, all wait for a second`() async {
        // In a process of its own, which alone runs out of descriptors.
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let path = "\(directory.path)/control"
            var server = try ControlServer.open(path)
            let client = try TestClient(path)
            try client.send("flush\n")
            let now = Instant(nanoseconds: 1_000_000_000)
            let answer = { (request: ControlRequest, _: UInt32) in ControlAnswer.whole("\(request.line)!\n") }
            var limit = rlimit()
            try #require(unsafe getrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit) == 0)
            var none = rlimit(rlim_cur: 3, rlim_max: limit.rlim_max)
            try #require(unsafe setrlimit(Int32(RLIMIT_NOFILE.rawValue), &none) == 0)
            let error = #expect(throws: SystemError.self) { try server.serve(at: now, answer) }
            try #require(unsafe setrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit) == 0)
            try #require(error?.code == EMFILE)
            let end = now.advanced(bySeconds: 1)
            for early in [now, Instant(nanoseconds: end.nanoseconds - 1)] {
                try server.expire(at: early)
                for _ in 0..<4 { try server.serve(at: early, answer) }
                try #require(server.clientCount == 0 && server.nextDeadline == end)
            }
            try server.expire(at: end)
            try #require(server.nextDeadline == nil)
            for _ in 0..<4 { try server.serve(at: end, answer) }
            try client.read()
            try #require(client.text == "ok\nflush!\n")
            try server.expire(at: end.advanced(bySeconds: 9))
            try #require(server.nextDeadline == nil)
        }
    }

    @Test func `the socket belongs to root and its group, and is removed with the server`() throws {
        do {
            let server = try ControlServer.open(path)
            var status = stat()
            #expect(unsafe lstat(path, &status) == 0)
            #expect(status.st_mode == S_IFSOCK | 0o660)
            _ = server.number
        }
        #expect(try directory.files.isEmpty)
    }
}
