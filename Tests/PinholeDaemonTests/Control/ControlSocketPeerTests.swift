// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import Testing

@testable import PinholeDaemon

/// A client as the daemon sees it, whose other end is in the test's hands.
@Suite struct ControlSocketPeerTests {
    private let peer: ControlSocketPeer
    private let client: Client

    /// The other end, which never blocks.
    private final class Client {
        let stream: SocketStream
        private(set) var received: [UInt8] = []

        init(adopting number: Int32) { stream = SocketStream(adopting: number) }

        /// Reads available bytes, at most so many.
        func read(limit: Int = .max) throws {
            while received.count < limit {
                let most = min(limit - received.count, 65536)
                guard case .bytes = try stream.read(into: &received, limit: most) else { return }
            }
        }

        /// The lines behind the first one.
        var lines: [Substring] {
            String(decoding: received, as: UTF8.self).split(separator: "\n").dropFirst().map(\.self)
        }
    }

    init() throws {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        try #require(unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0)
        peer = ControlSocketPeer(SocketStream(adopting: ends[0]), of: 1000, at: Instant(nanoseconds: 0))
        client = Client(adopting: ends[1])
    }

    private func seconds(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    private func record(_ targets: [TraceTarget] = [], isStep: Bool = false) -> EventRecord {
        let event: Event =
            isStep
            ? .step(TraceStep(connection: Samples.mapping.original, .login)) : .expired(Samples.expectation)
        return EventRecord(event, time: 1, instant: Samples.now, targets: targets)
    }

    /// Offers an event whose line has so many bytes; tells whether there was room for it.
    @discardableResult
    private func offer(_ size: Int) -> Bool {
        var isTaken = false
        peer.offer(record()) { _ in
            isTaken = true
            return String(repeating: "x", count: size - 1) + "\n"
        }
        return isTaken
    }

    /// Sends until the client has all.
    private func sendAll() throws {
        for _ in 0..<1000 {
            _ = try peer.send(at: seconds(1))
            try client.read()
            if peer.interest != .writing { return }
        }
        Issue.record("there is no end of it")
    }

    @Test func `a request may have the maximum length and no more`() throws {
        let stem = "connections text user="
        let line = stem + String(repeating: "x", count: ControlRequest.maximumSize - stem.utf8.count)
        try client.stream.send(line)
        guard case .incomplete = try peer.ask() else {
            Issue.record("its end has not come")
            return
        }
        try client.stream.send("\n")
        guard case .request(let request) = try peer.ask() else {
            Issue.record("it is complete")
            return
        }
        #expect(request.line == line)
    }

    @Test func `an unfinished request is invalid as soon as it is too long`() throws {
        try client.stream.send(String(repeating: "x", count: ControlRequest.maximumSize + 1))
        guard case .rubbish = try peer.ask() else {
            Issue.record("it is waited for")
            return
        }
    }

    @Test func `events are dropped when the buffer is full, and their number is reported afterwards`()
        throws
    {
        peer.begin(.events(.text))
        let room = ControlSocketPeer.outputLimit - 3072
        // Together with the first line, exactly as much as there may be before another event.
        #expect(offer(1021))
        for _ in 1..<room / 1024 { #expect(offer(1024)) }
        #expect(offer(1024))
        for _ in 0..<3 { #expect(!offer(10)) }
        try sendAll()
        #expect(client.lines.count == room / 1024 + 1)
        #expect(offer(10) && offer(10))
        try sendAll()
        #expect(
            client.lines.suffix(3)
                == ["1970-01-01T00:00:01.000Z lost count=3", "xxxxxxxxx", "xxxxxxxxx"]
        )
    }

    @Test func `a tracer gets all steps of its sessions only, as JSON`() throws {
        let target = try #require(TraceTarget(parsing: "10.1.0.2"))
        let other = try #require(TraceTarget(parsing: "10.1.0.3"))
        peer.begin(.trace(target))
        #expect(peer.target == target && peer.isWatching && peer.deadline == nil)
        for record in [record(), record([other]), record([other], isStep: true)] {
            peer.offer(record) { _ in "no\n" }
        }
        for record in [record([other, target]), record([target], isStep: true)] {
            peer.offer(record) { "\($0)\n" }
        }
        try sendAll()
        #expect(client.lines == ["json", "json"])
    }

    @Test func `a watcher of all events gets no trace steps`() throws {
        let target = try #require(TraceTarget(parsing: "10.1.0.2"))
        peer.begin(.events(.text))
        peer.offer(record([target], isStep: true)) { _ in "no\n" }
        peer.offer(record([target])) { "\($0)\n" }
        try sendAll()
        #expect(client.lines == ["text"])
    }

    @Test func `an event that the format does not show is neither sent nor counted as lost`() throws {
        peer.begin(.events(.xferlog))
        peer.offer(record()) { _ in "no\n" }
        try sendAll()
        #expect(client.received == Array("ok\n".utf8))
    }

    @Test func `only as many pieces of an answer are generated as fit`() throws {
        var made = 0
        let piece = String(repeating: "x", count: ControlSocketPeer.outputLimit - 3)
        peer.begin(
            .pieces {
                made += 1
                return made < 3 ? piece : nil
            }
        )
        #expect(peer.interest == .writing && peer.isAnswering && !peer.isWatching)
        #expect(try peer.send(at: seconds(1)))
        #expect(made == 1)
    }

    @Test func `an answer ends when all of it is sent`() throws {
        peer.begin(.whole("done\n"))
        #expect(try !peer.send(at: seconds(1)))
        try client.read()
        #expect(client.received == Array("ok\ndone\n".utf8))
    }

    @Test func `reading extends the deadline of an answer`() throws {
        #expect(peer.deadline == seconds(10))
        peer.begin(.pieces { String(repeating: "x", count: 60000) })
        #expect(peer.deadline == seconds(10))
        #expect(try peer.send(at: seconds(5)))
        #expect(peer.deadline == seconds(15))
        // Until nothing fits between the ends any more.
        var last: Instant?
        while peer.deadline != last {
            last = peer.deadline
            #expect(try peer.send(at: (last ?? seconds(0)).advanced(bySeconds: 1)))
        }
        try client.read()
        #expect(try peer.send(at: seconds(100_000)))
        #expect(peer.deadline == seconds(100_010))
    }

    @Test func `watchers and followers have no deadline`() throws {
        peer.begin(.records(Frame(.hello)))
        #expect(peer.deadline == nil && peer.isFollowing && peer.isWatching)
        #expect(peer.interest == .writing)
        #expect(try peer.send(at: seconds(5)))
        #expect(peer.deadline == nil && peer.interest == .nothing)
        peer.begin(.events(.json))
        #expect(peer.deadline == nil && !peer.isFollowing && peer.isWatching)
    }

    /// Changes of so many bytes, of which no two that stand near each other are alike.
    private func changes(_ count: Int, from start: Int = 0) -> [UInt8] {
        (start..<start + count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
    }

    @Test func `changes of the records are buffered up to exactly four mebibytes`() throws {
        peer.begin(.records(Frame(.gone)))
        try sendAll()
        let limit = 4 << 20
        let all = changes(limit)
        #expect(!peer.offer(all + [0]))
        #expect(peer.offer(all))
        #expect(!peer.offer([0]))
        try sendAll()
        #expect(client.received.dropFirst(3 + 32).elementsEqual(all))
        #expect(peer.offer(all), "there is room again")
    }

    @Test func `a slow follower gets every change once and in order`() throws {
        peer.begin(.records(Frame(.gone)))
        var expected: [UInt8] = Array("ok\n".utf8)
        Frame(.gone).write(to: &expected)
        for turn in 0..<40 {
            let more = changes(100_000, from: turn * 100_000)
            #expect(peer.offer(more))
            expected += more
            for _ in 0..<3 { _ = try peer.send(at: seconds(1)) }
            try client.read(limit: client.received.count + 90_000)
        }
        try sendAll()
        #expect(client.received == expected)
    }
}
