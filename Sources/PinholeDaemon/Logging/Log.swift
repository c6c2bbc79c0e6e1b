// SPDX-License-Identifier: GPL-2.0-or-later

/// The daemon's log: one line per event, `level=… event=…` and more `key=value` pairs.
///
/// A line that cannot be written without blocking is lost, so that the log never delays a packet. The next line ends with
/// `lost=N`.
package struct Log {
    /// Maximum rate per kind of event.
    ///
    /// All kinds together stay below the journal's limit per service, 10,000 lines in 30 s.
    static let eventLimiter = RateLimiter(burst: 400, period: 10)

    /// Less important lines are not written.
    package var threshold: LogLevel
    /// Puts `<N>` before each line, which tells the journal its priority (sd-daemon(3)).
    package let hasPriorities: Bool
    /// The number of lines that could not be written.
    package private(set) var lost: UInt64 = 0
    /// The rate limiters by event name.
    var limiters: [String: RateLimiter] = [:]
    /// Lost lines that no `lost=N` has reported yet.
    private var untold: UInt64 = 0
    private let sink: (String) -> Bool

    /// A log that passes each line, with its line feed, to `sink`; `sink` returns `false` if it would block.
    package init(threshold: LogLevel, hasPriorities: Bool, sink: @escaping (String) -> Bool) {
        self.threshold = threshold
        self.hasPriorities = hasPriorities
        self.sink = sink
    }

    /// Writes one line, unless it is below the threshold; `add` adds the fields after the event's name.
    package mutating func write(_ level: LogLevel, _ event: String, _ add: (inout Fields) -> Void = { _ in })
    {
        guard level >= threshold else { return }
        var fields = Fields()
        fields.add("level", level.rawValue)
        fields.add("event", event)
        add(&fields)
        if untold > 0 { fields.add("lost", untold) }
        let prefix = hasPriorities ? "<\(level.priority)>" : ""
        if sink("\(prefix)\(fields.text)\n") {
            untold = 0
        } else {
            untold += 1
            lost += 1
        }
    }
}
