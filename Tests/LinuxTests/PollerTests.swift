// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Linux
import Testing

@Suite struct PollerTests {
    private let path = "/tmp/pinhole-test-poller-\(UInt64.random(in: 0 ... .max))"

    /// The events that the poller reports for a socket within a time in milliseconds.
    private func report(_ poller: borrowing Poller, milliseconds: Int32 = 0) -> [Poller.Readiness] {
        var reports: [Poller.Readiness] = []
        poller.wait(milliseconds: milliseconds) { reports.append($0) }
        return reports
    }

    @Test func `a client makes a listener readable and wakes a poller that watches it`() throws {
        let listener = try UnixListener.open(path, mode: 0o600)
        let inner = try Poller.open()
        let outer = try Poller.open()
        try inner.add(listener.number, for: .reading)
        try outer.add(inner.number, for: .reading)
        #expect(report(outer).isEmpty)
        let client = try SocketStream.connect(to: path)
        #expect(report(outer).map(\.descriptor) == [inner.number])
        let reports = report(inner)
        #expect(reports.map(\.descriptor) == [listener.number])
        #expect(reports.allSatisfy { $0.isReadable && !$0.isWritable && !$0.isOver })
        try inner.remove(listener.number)
        #expect(report(inner).isEmpty)
        _ = client.number
    }

    @Test func `the watched events can be changed, and a hang-up is always reported`() throws {
        let listener = try UnixListener.open(path, mode: 0o600)
        let poller = try Poller.open()
        do {
            let client = try SocketStream.connect(to: path)
            try poller.add(client.number, for: .reading)
            #expect(report(poller).isEmpty)
            try poller.change(client.number, to: .writing)
            #expect(report(poller).map(\.isWritable) == [true])
            try poller.change(client.number, to: .nothing)
            #expect(report(poller).isEmpty)
            // Accepted and closed at once.
            _ = try listener.accept()
            #expect(report(poller, milliseconds: 10_000).map(\.isOver) == [true])
        }
    }

    @Test func `a descriptor that is not watched cannot be changed`() throws {
        let poller = try Poller.open()
        let listener = try UnixListener.open(path, mode: 0o600)
        let error = #expect(throws: SystemError.self) { try poller.change(listener.number, to: .reading) }
        #expect(error?.code == ENOENT)
        try poller.add(listener.number, for: .nothing)
        try poller.change(listener.number, to: .reading)
        let client = try SocketStream.connect(to: path)
        #expect(report(poller).map(\.descriptor) == [listener.number])
        _ = client.number
    }
}
