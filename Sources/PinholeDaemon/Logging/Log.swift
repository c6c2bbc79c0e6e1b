/// The daemon's log: one line an event, `level=… event=…` and more `key=value` pairs.
///
/// A line that cannot be written at once is lost: the log never keeps a packet waiting. The next line that can be
/// written ends with `lost=N`.
package struct Log {
    /// Lines about one kind of event: all kinds together are fewer than the journal takes of a service, 10,000 in 30 s.
    static let eventLimiter = RateLimiter(burst: 400, period: 10)

    /// Lines that matter less are not written.
    package var threshold: LogLevel
    /// Puts `<N>` before each line, which tells the journal its priority (sd-daemon(3)).
    package let hasPriorities: Bool
    /// Lines that could not be written.
    package private(set) var lost: UInt64 = 0
    /// What was written lately of each kind of event, by its name.
    var limiters: [String: RateLimiter] = [:]
    /// How many of the lost lines no line has told of.
    private var untold: UInt64 = 0
    private let sink: (String) -> Bool

    /// A log whose lines, line end included, go to `sink`; `false` says that one could not be written at once.
    package init(threshold: LogLevel, hasPriorities: Bool, sink: @escaping (String) -> Bool) {
        self.threshold = threshold
        self.hasPriorities = hasPriorities
        self.sink = sink
    }

    /// Writes one line, if it matters enough; `add` adds what there is to tell besides the event's name.
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
