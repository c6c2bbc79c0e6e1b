// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper

extension Engine where System: ~Copyable {
    /// Answers a request from the control socket.
    ///
    /// - Parameters:
    ///   - request: what the client asks for.
    ///   - user: the client's user ID; only 0 may change anything.
    ///   - lostLines: lines that could not be written to the log.
    ///   - now: the current time.
    ///   - queue: reads the kernel's figures of the queues.
    ///   - reload: reads the configuration again.
    /// - Returns: The answer, in one piece or in several.
    mutating func answer(
        _ request: ControlRequest,
        user: UInt32,
        lostLines: UInt64,
        at now: Instant,
        queue: () -> QueueFigures?,
        reload: (inout Engine<System>) -> ControlAnswer
    ) -> ControlAnswer {
        if request.isChange, user != 0 {
            return .failure("only root may do that", hint: "use sudo")
        }
        switch request {
        case .expectations(let format):
            return .list(expectations, format) { expectation in
                format == .json ? expectation.json(at: now).text : expectation.text(at: now)
            }
        case .connections(let format):
            return .list(connections, format) { format == .json ? $0.json.text : $0.text }
        case .transfers(let format):
            return .list(transfers(at: now), format) { transfer in
                format == .json ? transfer.json(at: now).text : transfer.text(at: now)
            }
        case .statistics(let format):
            let report = report(queue(), lostLines: lostLines)
            return .whole(format == .json ? report.json.text + "\n" : report.text)
        case .metrics:
            return .whole(report(queue(), lostLines: lostLines).metrics)
        case .events(let format):
            return .events(format)
        case .delete(let id):
            guard delete(id, at: now) else {
                return .failure("there is no expectation \(id)", hint: "see pinhole expectations")
            }
            return .whole("")
        case .flush:
            return .whole("closed \(flush(at: now))\n")
        case .reload:
            return reload(&self)
        case .survey:
            return .whole("found \(survey(at: now))\n")
        case .rules(let change):
            note(change, at: now)
            return .whole("")
        }
    }
}
