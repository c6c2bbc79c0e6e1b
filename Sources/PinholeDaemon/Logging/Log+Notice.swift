import FTPHelper

extension Log {
    /// Writes the line of a notice.
    ///
    /// A refusal is a warning, as is what the administrator can set right; other events are information. Of a flood of
    /// events of one kind some are left out, and the next line of that kind says how many.
    mutating func write(_ notice: Notice, at now: Instant) {
        switch notice {
        case .event(let event, let refusalsLeftOut):
            let level: LogLevel = if case .refused = event { .warning } else { .info }
            guard level >= threshold,
                let linesLeftOut = limiters[event.name, default: Log.eventLimiter].admit(at: now)
            else { return }
            let leftOut = refusalsLeftOut + linesLeftOut
            write(level, event.name) {
                event.add(to: &$0)
                if leftOut > 0 { $0.add("left-out", leftOut) }
            }
        case .fault(let fault, let reason, let leftOut):
            write(fault == .kernelHelper ? .warning : .error, "fault") {
                $0.add("fault", fault.rawValue)
                $0.add("reason", reason)
                if leftOut > 0 { $0.add("left-out", leftOut) }
            }
        }
    }
}
