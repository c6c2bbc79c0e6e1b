package import FTPHelper
package import Netfilter

/// An event and when it happened: a line of `pinhole events`.
package struct EventRecord: Hashable, Sendable {
    package let event: Event
    /// Seconds since 1970 began; shown with milliseconds.
    package let time: Double
    /// The same moment on the tracker's clock, from which `expires_in` counts.
    package let instant: Instant
    /// The number of the packet that led to it, where the packets are those of a capture.
    package let frame: UInt64?

    package init(_ event: Event, time: Double, instant: Instant, frame: UInt64? = nil) {
        self.event = event
        self.time = time
        self.instant = instant
        self.frame = frame
    }

    /// The object of `pinhole events --json`.
    package var json: JSON {
        var members = [JSON.Member("time", .number(EventRecord.milliseconds(of: time) / 1000))]
        if let frame { members.append(JSON.Member("frame", .integer(frame))) }
        members.append(JSON.Member("event", .string(event.name)))
        return .object(members + event.members(at: instant))
    }

    /// The line of `pinhole events`: the time, the event's name, then `key=value` pairs.
    package var text: String {
        var fields = Fields()
        if let frame { fields.add("frame", frame) }
        event.add(to: &fields)
        let milliseconds = UInt64(EventRecord.milliseconds(of: time))
        let fraction = String(milliseconds % 1000 + 1000).dropFirst()
        return "\(milliseconds / 1000).\(fraction) \(event.name) \(fields.text)"
    }

    private static func milliseconds(of time: Double) -> Double { (max(0, time) * 1000).rounded() }
}
