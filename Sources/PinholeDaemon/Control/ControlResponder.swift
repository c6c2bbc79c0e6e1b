// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
package import FTPHelper

/// Answers the requests of one client of the control socket.
package struct ControlResponder {
    /// The client's user ID; only 0 may change anything.
    package let user: UInt32
    /// Lines that could not be written to the log.
    package let lostLines: UInt64
    /// The current time.
    package let now: Instant

    package init(user: UInt32, lostLines: UInt64, at now: Instant) {
        self.user = user
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
        if request.isChange, user != 0 {
            return .failure("only root may do that", hint: "use sudo")
        }
        switch request {
        case .expectations(let format):
            return .list(engine.expectations, format) { expectation in
                format == .json ? expectation.json(at: now).text : expectation.text(at: now)
            }
        case .connections(let format):
            return .list(engine.connections, format) { format == .json ? $0.json.text : $0.text }
        case .transfers(let format):
            return .list(engine.transfers(at: now), format) { transfer in
                format == .json ? transfer.json(at: now).text : transfer.text(at: now)
            }
        case .statistics(let format):
            let report = engine.report(queue(), lostLines: lostLines)
            return .whole(format == .json ? report.json.text + "\n" : report.text)
        case .metrics:
            return .whole(engine.report(queue(), lostLines: lostLines).metrics)
        case .events(let format):
            return .events(format)
        case .delete(let id):
            guard engine.delete(id, at: now) else {
                return .failure("there is no expectation \(id)", hint: "see pinhole expectations")
            }
            return .whole("")
        case .flush:
            return .whole("closed \(engine.flush(at: now))\n")
        case .reload:
            return reload(&engine)
        case .survey:
            return .whole("found \(engine.survey(at: now))\n")
        }
    }
}
