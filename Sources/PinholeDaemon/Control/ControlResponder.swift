// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
package import FTPHelper
import Linux

/// Answers the requests of one client of the control socket.
package struct ControlResponder {
    /// The client's user ID; only 0 may change anything.
    package let user: UInt32
    /// What the daemon is.
    package let facts: DaemonFacts
    /// Lines that could not be written to the log.
    package let lostLines: UInt64
    /// The current time.
    package let now: Instant

    package init(user: UInt32, facts: DaemonFacts, lostLines: UInt64, at now: Instant) {
        self.user = user
        self.facts = facts
        self.lostLines = lostLines
        self.now = now
    }

    /// Answers a request.
    ///
    /// - Parameters:
    ///   - request: what the client asks for.
    ///   - engine: what it asks about.
    ///   - queue: reads the kernel's figures of the queues.
    ///   - reload: reads the configuration again.
    /// - Returns: The answer, in one piece or in several.
    package func answer<System: Kernel & ~Copyable>(
        _ request: ControlRequest,
        from engine: inout Engine<System>,
        queue: () -> QueueFigures?,
        reload: (inout Engine<System>) -> ControlAnswer
    ) -> ControlAnswer {
        if request.isForRoot, user != 0 {
            return .failure("only root may do that", hint: "use sudo")
        }
        switch request {
        case .expectations(let format, let filter):
            let sessions = sessions(filter, in: engine)
            return .list(engine.expectations.filter { sessions?.contains($0.master) ?? true }, format) {
                format == .json ? $0.json(at: now).text : $0.text(at: now)
            }
        case .connections(let format, let filter):
            return .list(engine.connections.filter { filter.matches($0) }, format) {
                format == .json ? $0.json(at: now).text : $0.text(at: now)
            }
        case .transfers(let format, let filter):
            let sessions = sessions(filter, in: engine)
            return .list(engine.transfers(at: now).filter { sessions?.contains($0.master) ?? true }, format) {
                format == .json ? $0.json(at: now).text : $0.text(at: now)
            }
        case .refusals(let format, let filter):
            return .list(refusals(filter, of: engine), format) {
                format == .json ? $0.json.text : $0.text
            }
        case .statistics(let format):
            let report = engine.report(queue(), lostLines: lostLines)
            return .whole(format == .json ? report.json.text + "\n" : report.text)
        case .metrics:
            return .whole(engine.report(queue(), lostLines: lostLines).metrics)
        case .status:
            return .whole(status(of: engine, queue()).json.text + "\n")
        case .events(let format):
            return .events(format)
        case .trace(let target):
            return .trace(target)
        case .records:
            return records(of: &engine)
        case .delete(let id):
            guard engine.delete(id, at: now) else {
                return .failure("there is no expectation \(id)", hint: "see pinhole expectations")
            }
            return .whole("")
        case .disconnect(let id):
            return end(id, in: &engine)
        case .flush:
            return .whole("closed \(engine.flush(at: now))\n")
        case .reload:
            return reload(&engine)
        case .survey:
            engine.noteLoading(at: now)
            return .whole("found \(engine.survey(at: now))\n")
        case .rules(let change):
            engine.note(change, at: now)
            return .whole("")
        }
    }

    /// What the daemon is and does.
    private func status<System: Kernel & ~Copyable>(
        of engine: borrowing Engine<System>,
        _ queue: QueueFigures?
    ) -> StatusReport {
        StatusReport(
            facts: facts,
            bypassMark: engine.system.bypassMark,
            opensForFTPS: engine.policy.opensForFTPS,
            statistics: engine.report(queue, lostLines: lostLines),
            refusals: refusals(.none, of: engine),
            now: now
        )
    }

    /// Answers a request to follow the records.
    private func records<System: Kernel & ~Copyable>(of engine: inout Engine<System>) -> ControlAnswer {
        guard user == 0 || user == facts.user else {
            return .failure(
                "only root and the daemon's user may follow the records",
                hint: "run it as the daemon's user"
            )
        }
        return .records(engine.beginFollowing(facts.statePath))
    }

    /// Answers a request to end a session.
    private func end<System: Kernel & ~Copyable>(
        _ id: UInt32,
        in engine: inout Engine<System>
    ) -> ControlAnswer {
        switch engine.disconnect(id, at: now) {
        case 0: .failure("there is no session \(id)", hint: "see pinhole connections")
        case 1: .whole("")
        case let count: .failure("\(count) sessions have the number \(id)", hint: "end them at the server")
        }
    }

    /// The last refusals and the like that a filter matches, the newest first.
    private func refusals<System: Kernel & ~Copyable>(
        _ filter: ListFilter,
        of engine: borrowing Engine<System>
    ) -> [EventRecord] {
        engine.notices.recentTroubles.records(at: now, wallTime: Clock.timeOfDay()).filter {
            $0.event.troubled.map { filter.matches($0) } ?? false
        }
    }

    /// The control connections that a filter matches; `nil` if it matches all.
    private func sessions<System: Kernel & ~Copyable>(
        _ filter: ListFilter,
        in engine: borrowing Engine<System>
    ) -> Set<Tuple>? {
        guard filter != .none else { return nil }
        return Set(engine.connections.lazy.filter { filter.matches($0) }.map(\.mapping.original))
    }
}
