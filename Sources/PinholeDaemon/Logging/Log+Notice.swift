// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

extension Log {
    /// Writes the line of a notice.
    ///
    /// The rate of each kind of event is limited. The next line of that kind tells how many were left out.
    mutating func write(_ notice: Notice, at now: Instant) {
        switch notice {
        case .event(let event, let refusalsLeftOut):
            guard event.level >= threshold,
                let linesLeftOut = limiters[event.name, default: Log.eventLimiter].allow(at: now)
            else { return }
            let leftOut = refusalsLeftOut + linesLeftOut
            write(event.level, event.name) {
                event.add(to: &$0)
                if leftOut > 0 { $0.add("left-out", leftOut) }
            }
        case .fault(let fault, let reason, let leftOut):
            write(fault.level, "fault") {
                $0.add("fault", fault.rawValue)
                $0.add("reason", reason)
                if leftOut > 0 { $0.add("left-out", leftOut) }
            }
        }
    }
}
