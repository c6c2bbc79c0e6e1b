// SPDX-License-Identifier: GPL-2.0-or-later
package import Formats
package import FTPHelper
import Linux

/// An event with its time, as `pinhole events` prints it.
package struct EventRecord: Hashable, Sendable {
    package let event: Event
    /// Seconds since the Unix epoch; printed with milliseconds, in text as RFC 3339 has it.
    package let time: Double
    /// The time of the event on the tracker's clock, to calculate `expires_in`.
    package let instant: Instant
    /// The frame number of the packet that caused it, in a capture.
    package let frame: UInt64?
    /// The tracers that receive the event.
    let targets: [TraceTarget]

    package init(
        _ event: Event,
        time: Double,
        instant: Instant,
        frame: UInt64? = nil,
        targets: [TraceTarget] = []
    ) {
        self.targets = targets
        self.event = event
        self.time = time
        self.instant = instant
        self.frame = frame
    }

    /// The line of `pinhole events`, with its line feed.
    func line(_ format: EventFormat) -> String {
        switch format {
        case .text: text + "\n"
        case .json: json.text + "\n"
        case .xferlog: (xferlog ?? "") + "\n"
        }
    }

    /// Whether a format has a line for this event.
    func isShown(in format: EventFormat) -> Bool { format != .xferlog || xferlogTransfer != nil }

    /// Whether it is told only to those who trace the session.
    var isStep: Bool { if case .step = event { true } else { false } }

    /// The object of `pinhole events --json`.
    package var json: JSON {
        var members = [timeMember]
        if let frame { members.append(JSON.Member("frame", .integer(frame))) }
        members.append(JSON.Member("event", .string(event.name)))
        return .object(members + event.members(at: instant))
    }

    /// The line of `pinhole events`: the time, the event's name, then `key=value` pairs.
    package var text: String {
        var fields = Fields()
        if let frame { fields.add("frame", frame) }
        event.add(to: &fields)
        return "\(timeText) \(event.name) \(fields.text)"
    }

    /// The time as the first member of an object, and as the start of a line.
    var timeMember: JSON.Member { JSON.Member("time", .number(milliseconds / 1000)) }
    var timeText: String { Clock.timestamp(milliseconds / 1000) }

    private var milliseconds: Double { (max(0, time) * 1000).rounded() }
}
