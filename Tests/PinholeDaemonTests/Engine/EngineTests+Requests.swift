// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper
import Glibc
import Linux
import Netfilter
import TestFiles
import Testing
import TestPackets
@testable import PinholeDaemon

/// Requests of the control socket.
extension EngineTests {
    /// The whole answer to a request.
    func answer(
        _ request: ControlRequest,
        user: UInt32 = 0,
        of engine: inout Engine<FakeKernel>
    ) -> String {
        let facts = DaemonFacts(
            version: "1.2.3",
            process: 4711,
            started: Instant(nanoseconds: start.nanoseconds - 1_000_000_000),
            backend: .nft,
            queues: QueueNumbers(),
            user: 4712,
            statePath: "/run/pinhole/control.state"
        )
        let answer = ControlResponder(user: user, facts: facts, lostLines: 0, at: start)
            .answer(request, from: &engine, queue: QueueFigures.init) { _ in .whole("reloaded\n") }
        switch answer {
        case .pieces(let next): return (sequence(state: ()) { _ in next() }).joined()
        case .records(let hello): return "records of \(hello.text)"
        case .events(let format): return "events \(format.rawValue)"
        case .trace(let target): return "trace \(target)"
        case .failure(let message, let hint): return "\(message): \(hint)"
        }
    }

    @Test func `each list is available as text and as JSON`() {
        var engine = engine()
        #expect(answer(.expectations(.json), of: &engine) == "[]\n")
        #expect(answer(.connections(.text), of: &engine) == "")
        _ = engine.control(announcement.span, at: start)
        let expectation = engine.expectations[0]
        #expect(answer(.expectations(.json), of: &engine) == "[\(expectation.json(at: start).text)]\n")
        #expect(answer(.expectations(.text), of: &engine) == "\(expectation.text(at: start))\n")
        #expect(
            answer(.connections(.json), of: &engine) == "[\(engine.connections[0].json(at: start).text)]\n"
        )
        #expect(answer(.statistics(.json), of: &engine).hasPrefix(#"{"packets":2,"connections":1,"#))
        #expect(answer(.events(.json), of: &engine) == "events json")
    }

    @Test func `a list may be limited to some sessions`() {
        var engine = engine()
        _ = engine.control(announcement.span, at: start)
        func has(_ client: String?, _ server: String?, _ user: String?) -> Bool {
            var filter = ListFilter()
            (filter.client, filter.server, filter.user) = (client, server, user)
            let lists = [ControlRequest.connections(.text, filter), .expectations(.text, filter)].map {
                answer($0, of: &engine).count { $0 == "\n" }
            }
            #expect(lists[0] == lists[1])
            return lists[0] == 1
        }
        #expect(has("10.1.0.2", nil, nil))
        #expect(has("10.1.0.0/16", "10.2.0.2", nil))
        #expect(!has("10.1.0.3", nil, nil))
        #expect(!has(nil, "10.2.0.3", nil))
        #expect(!has(nil, nil, "nobody"))
    }

    @Test func `the last hundred refusals are kept, the newest first`() {
        var engine = engine()
        #expect(answer(.refusals(.text), of: &engine) == "")
        for number in 0..<120 {
            let line = "PORT 10,1,0,2,0,\(100 + number)\r\n"
            _ = engine.control(
                packet(
                    Samples.mapping.original,
                    [.ack],
                    sequence: 1000 + UInt32(number * line.utf8.count),
                    line
                ).span,
                at: start
            )
        }
        let lines = answer(.refusals(.text), of: &engine).split(separator: "\n")
        #expect(lines.count == 100)
        #expect(lines.first?.contains(#" refused reason=privileged-port kind=PORT "#) == true)
        #expect(lines.first?.contains(#" line="PORT 10,1,0,2,0,219" "#) == true)
        #expect(lines.last?.contains(#" line="PORT 10,1,0,2,0,120" "#) == true)
        var filter = ListFilter()
        filter.client = "10.1.0.3"
        #expect(answer(.refusals(.json, filter), of: &engine) == "[]\n")
        let status = answer(.status, of: &engine)
        #expect(status.hasPrefix(#"{"version":"1.2.3","process":4711,"uptime":1,"backend":"nft","#))
        #expect(status.contains(#","refused":120,"#))
        #expect(status.matches(of: /"event":"refused"/).count == 3)
    }

    @Test func `only root and the daemon's own user may follow the records`() {
        var engine = engine()
        for user in [0, 4712] as [UInt32] {
            #expect(
                answer(.records, user: user, of: &engine) == "records of /run/pinhole/control.state"
            )
        }
        #expect(
            answer(.records, user: 4711, of: &engine)
                == "only root and the daemon's user may follow the records: run it as the daemon's user"
        )
    }

    @Test func `an unknown session cannot be ended, and a known one is ended once`() {
        var engine = engine()
        _ = engine.control(announcement.span, at: start)
        let id = engine.connections.first?.id ?? 0
        #expect(
            answer(.disconnect(id &+ 1), of: &engine)
                == "there is no session \(id &+ 1): see pinhole connections"
        )
        #expect(answer(.disconnect(id), of: &engine) == "")
        #expect(engine.expectations.isEmpty && engine.connections.isEmpty)
    }

    @Test func `a survey reports how many it found and probes sessions that missed packets`() {
        var engine = engine()
        _ = engine.control(announcement.span, at: start)
        _ = memory.take()
        #expect(answer(.survey, of: &engine) == "found 1\n")
        while let deadline = engine.nextDeadline, deadline <= start { engine.fire(at: deadline) }
        #expect(memory.take().count { $0 == .inject } == 2, "both ends are asked where they are")
    }

    @Test func `only root may close expectations`() {
        var engine = engine()
        _ = engine.control(announcement.span, at: start)
        _ = memory.take()
        for request in [ControlRequest.delete(1), .disconnect(1), .flush, .reload] {
            #expect(answer(request, user: 1000, of: &engine) == "only root may do that: use sudo")
        }
        #expect(engine.expectations.count == 1)
        #expect(answer(.delete(2), of: &engine) == "there is no expectation 2: see pinhole expectations")
        #expect(answer(.delete(1), of: &engine) == "")
        #expect(memory.take() == [.close(1)])
        #expect(answer(.flush, of: &engine) == "closed 0\n")
        _ = engine.control(
            packet(Samples.mapping.original, [.ack], sequence: 1022, "PORT 10,1,0,2,19,138\r\n").span,
            at: start
        )
        #expect(answer(.flush, of: &engine) == "closed 1\n")
        #expect(answer(.reload, of: &engine) == "reloaded\n")
    }
}
