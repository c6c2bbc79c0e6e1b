// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper
import Linux

extension Engine where System: ~Copyable {
    /// Answers a request from the control socket.
    ///
    /// - Parameters:
    ///   - request: what the client asks for.
    ///   - user: the client's user ID; only 0 may change anything.
    ///   - facts: what the daemon is.
    ///   - lostLines: lines that could not be written to the log.
    ///   - now: the current time.
    ///   - queue: reads the kernel's figures of the queues.
    ///   - reload: reads the configuration again.
    /// - Returns: The answer, in one piece or in several.
    mutating func answer(
        _ request: ControlRequest,
        user: UInt32,
        facts: DaemonFacts,
        lostLines: UInt64,
        at now: Instant,
        queue: () -> QueueFigures?,
        reload: (inout Engine<System>) -> ControlAnswer
    ) -> ControlAnswer {
        if request.isChange, user != 0 {
            return .failure("only root may do that", hint: "use sudo")
        }
        switch request {
        case .expectations(let format, let filter):
            let sessions = sessions(filter)
            return .list(expectations.filter { sessions?.contains($0.master) ?? true }, format) {
                format == .json ? $0.json(at: now).text : $0.text(at: now)
            }
        case .connections(let format, let filter):
            return .list(connections.filter { filter.admits($0) }, format) {
                format == .json ? $0.json(at: now).text : $0.text(at: now)
            }
        case .transfers(let format, let filter):
            let sessions = sessions(filter)
            return .list(transfers(at: now).filter { sessions?.contains($0.master) ?? true }, format) {
                format == .json ? $0.json(at: now).text : $0.text(at: now)
            }
        case .refusals(let format, let filter):
            return .list(recentRefusals(filter, at: now), format) {
                format == .json ? $0.json.text : $0.text
            }
        case .statistics, .status, .metrics:
            return answer(request, facts, report(queue(), lostLines: lostLines), at: now)
        case .events(let format):
            return .events(format)
        case .delete(let id):
            guard delete(id, at: now) else {
                return .failure("there is no expectation \(id)", hint: "see pinhole expectations")
            }
            return .whole("")
        case .disconnect(let id):
            return end(id, at: now)
        case .flush:
            return .whole("closed \(flush(at: now))\n")
        case .reload:
            return reload(&self)
        case .survey:
            return .whole("found \(survey(at: now))\n")
        }
    }

    /// Answers a request for one of the reports.
    private func answer(
        _ request: ControlRequest,
        _ facts: DaemonFacts,
        _ report: StatisticsReport,
        at now: Instant
    ) -> ControlAnswer {
        switch request {
        case .statistics(.text): return .whole(report.text)
        case .statistics(.json): return .whole(report.json.text + "\n")
        case .metrics: return .whole(report.metrics)
        default:
            let refusals = recentRefusals(.none, at: now)
            let status = StatusReport(facts: facts, statistics: report, refusals: refusals, now: now)
            return .whole(status.json.text + "\n")
        }
    }

    /// Answers a request to end a session.
    private mutating func end(_ id: UInt32, at now: Instant) -> ControlAnswer {
        switch disconnect(id, at: now) {
        case 0: .failure("there is no session \(id)", hint: "see pinhole connections")
        case 1: .whole("")
        case let count: .failure("\(count) sessions have the number \(id)", hint: "end them at the server")
        }
    }

    /// The last refusals that a filter admits, the newest first.
    private func recentRefusals(_ filter: ListFilter, at now: Instant) -> [EventRecord] {
        recentRefusals.records(at: now, wallTime: Clock.wall()).filter { $0.isRefusal { filter.admits($0) } }
    }

    /// The control connections that a filter admits; `nil` if it admits all.
    private func sessions(_ filter: ListFilter) -> Set<Tuple>? {
        guard filter != .none else { return nil }
        return Set(connections.lazy.filter { filter.admits($0) }.map(\.mapping.original))
    }
}
