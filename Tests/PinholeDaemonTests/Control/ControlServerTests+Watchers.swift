// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import TestFiles
import Testing
@testable import PinholeDaemon
import Formats

/// Clients that stay: watchers, followers and tracers.
extension ControlServerTests {
    @Test func `a watcher gets every event in the format that it asked for`() throws {
        var server = try ControlServer.open(path)
        let texts = try TestClient(path)
        let objects = try TestClient(path)
        try texts.send("events text\n")
        try objects.send("events json\n")
        try serve(&server) { request, _ in
            guard case .events(let format) = request else { return .whole("") }
            return .events(format)
        }
        server.publish([event(1), event(2)], at: seconds(1))
        server.publish([event(3)], at: seconds(2))
        try texts.read()
        try objects.read()
        #expect(texts.text == "ok\n" + [1, 2, 3].map { event($0).text + "\n" }.joined())
        #expect(objects.text == "ok\n" + [1, 2, 3].map { event($0).json.text + "\n" }.joined())
        #expect(server.nextDeadline == nil)
    }

    @Test func `a watcher that disconnects is removed`() throws {
        var server = try ControlServer.open(path)
        do {
            let client = try TestClient(path)
            try client.send("events text\n")
            try serve(&server) { _, _ in .events(.text) }
            #expect(server.clientCount == 1)
        }
        try serve(&server)
        #expect(server.clientCount == 0)
    }

    @Test(arguments: [EventFormat.text, .json])
    func `a watcher that reads too slowly loses events and learns how many`(_ format: EventFormat) throws {
        var server = try ControlServer.open(path)
        let slow = try TestClient(path)
        try slow.send("events \(format.rawValue)\n")
        try serve(&server) { _, _ in .events(format) }
        let total: UInt64 = 5000
        for id in 1...total { server.publish([event(id)], at: seconds(1)) }
        // Whatever did not fit into the buffers is lost; once the client has read them, events come again.
        for _ in 0..<20 {
            try slow.read()
            try serve(&server)
        }
        server.publish([event(total + 1)], at: seconds(1))
        try slow.read()
        let lines = slow.text.split(separator: "\n").dropFirst()
        let notices = lines.filter { $0.contains("lost") }
        let lost = total + 1 - UInt64(lines.count - 1)
        #expect(lost > 0)
        let notice =
            format == .text
            ? "1970-01-01T00:00:01.000Z lost count=\(lost)" : #"{"time":1.0,"event":"lost","count":\#(lost)}"#
        #expect(notices == [notice[...]])
        let last = event(total + 1)
        #expect(lines.last.map(String.init) == (format == .text ? last.text : last.json.text))
    }

    @Test func `watchers that never read leave room for short requests`() throws {
        var server = try ControlServer.open(path)
        var watchers: [TestClient] = []
        for _ in 0..<ControlPlaces.forWatchers {
            let client = try TestClient(path)
            try client.send("events json\n")
            try serve(&server) { _, _ in .events(.json) }
            watchers.append(client)
        }
        let surplus = try TestClient(path)
        try surplus.send("events json\n")
        try serve(&server) { _, _ in .events(.json) }
        try surplus.read()
        #expect(surplus.text == "error: too many clients of this user watch events: close some of them\n")
        #expect(surplus.isClosed)
        let client = try TestClient(path)
        try client.send("reload\n")
        try serve(&server)
        try client.read()
        #expect(client.text == "ok\nreload!\n")
        #expect(server.clientCount == watchers.count)
    }

    /// Lets a client follow the records of a server.
    private func follow(_ server: inout ControlServer) throws -> TestClient {
        let client = try TestClient(path)
        try client.send("records\n")
        try serve(&server) { _, _ in .records(Frame(.hello, 1, 8)) }
        return client
    }

    private var greeting: [UInt8] {
        var bytes = Array("ok\n".utf8)
        Frame(.hello, 1, 8).write(to: &bytes)
        return bytes
    }

    @Test func `a follower of the records gets every change and no events`() throws {
        var server = try ControlServer.open(path)
        let watcher = try TestClient(path)
        try watcher.send("events text\n")
        try serve(&server) { _, _ in .events(.text) }
        #expect(server.isFollowed == false)
        let follower = try follow(&server)
        #expect(server.isFollowed == true)
        #expect(server.nextDeadline == nil)
        server.publish([1, 2, 3], at: seconds(1))
        server.publish([event(1)], at: seconds(1))
        server.publish([4], at: seconds(1))
        try follower.read()
        try watcher.read()
        #expect(follower.received == greeting + [1, 2, 3, 4])
        #expect(watcher.text == "ok\n\(event(1).text)\n")
    }

    @Test func `a follower that disconnects is removed`() throws {
        var server = try ControlServer.open(path)
        do {
            let follower = try follow(&server)
            #expect(server.isFollowed == true)
            follower.finish()
        }
        try serve(&server)
        #expect(server.isFollowed == false)
        #expect(server.clientCount == 0)
    }

    @Test func `a follower that reads too slowly is disconnected, and others are not`() throws {
        var server = try ControlServer.open(path)
        let slow = try follow(&server)
        let quick = try follow(&server)
        let changes = [UInt8](repeating: 7, count: 1 << 20)
        for turn in 1...8 {
            server.publish(changes, at: seconds(1))
            while quick.received.count < greeting.count + turn * changes.count {
                try quick.read()
                try server.serve(at: seconds(1)) { _, _ in .whole("") }
            }
        }
        #expect(server.clientCount == 1)
        #expect(server.isFollowed == true)
        try slow.read()
        #expect(slow.isClosed && slow.received.count < 8 * changes.count)
        #expect(!quick.isClosed)
    }

    @Test func `a tracer gets the events of its target only, and the server knows the targets`() throws {
        let target = try #require(TraceTarget(parsing: "10.1.0.2"))
        var server = try ControlServer.open(path)
        #expect(server.targets == [])
        let client = try TestClient(path)
        try client.send("trace 10.1.0.2\n")
        try serve(&server) { request, _ in request == .trace(target) ? .trace(target) : .whole("") }
        #expect(server.targets == [target])
        let traced = EventRecord(event(1).event, time: 1, instant: Samples.now, targets: [target])
        server.publish([traced, event(2)], at: seconds(1))
        try client.read()
        #expect(client.text == "ok\n\(traced.json.text)\n")
    }
}
