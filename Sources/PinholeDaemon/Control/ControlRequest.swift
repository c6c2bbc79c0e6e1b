/// What a client asks of the daemon: one line over the control socket.
///
/// `expectations FORMAT`, `connections FORMAT`, `transfers FORMAT`, `stats FORMAT`, `events FORMAT`, `metrics`,
/// `delete NUMBER`, `flush`, `reload` or `survey`, where FORMAT is `text` or `json`, for events `xferlog` too; one blank between the words, a line feed at the end. The answer is a line `ok` and
/// what was asked for, or a line `error: what went wrong: how to fix it`; then the daemon closes the connection.
package enum ControlRequest: Hashable, Sendable {
    case expectations(ControlFormat)
    case connections(ControlFormat)
    case transfers(ControlFormat)
    case statistics(ControlFormat)
    case metrics
    case events(EventFormat)
    case delete(UInt64)
    case flush
    case reload
    /// Look for connections that were established while no rules brought their packets here.
    case survey

    /// The longest line that a client may send, its end left out; the longest request has 27 bytes.
    package static let maximumSize = 64

    /// Parses a line without its end; `nil` if it is no request.
    package init?(parsing line: some Collection<UInt8>) {
        let words = String(decoding: line, as: UTF8.self).split(
            separator: " ",
            omittingEmptySubsequences: false
        )
        switch (words.first, words.dropFirst().first, words.count) {
        case ("expectations", let format?, 2): self.init(ControlRequest.expectations, format)
        case ("connections", let format?, 2): self.init(ControlRequest.connections, format)
        case ("transfers", let format?, 2): self.init(ControlRequest.transfers, format)
        case ("stats", let format?, 2): self.init(ControlRequest.statistics, format)
        case ("events", let format?, 2):
            guard let format = EventFormat(rawValue: String(format)) else { return nil }
            self = .events(format)
        case ("delete", let number?, 2):
            guard let number = UInt64(number) else { return nil }
            self = .delete(number)
        case ("metrics", _, 1): self = .metrics
        case ("flush", _, 1): self = .flush
        case ("reload", _, 1): self = .reload
        case ("survey", _, 1): self = .survey
        default: return nil
        }
    }

    private init?(_ make: (ControlFormat) -> ControlRequest, _ format: Substring) {
        guard let format = ControlFormat(rawValue: String(format)) else { return nil }
        self = make(format)
    }

    /// The line that `init(parsing:)` parses.
    package var line: String {
        switch self {
        case .expectations(let format): "expectations \(format.rawValue)"
        case .connections(let format): "connections \(format.rawValue)"
        case .transfers(let format): "transfers \(format.rawValue)"
        case .statistics(let format): "stats \(format.rawValue)"
        case .events(let format): "events \(format.rawValue)"
        case .delete(let id): "delete \(id)"
        case .metrics: "metrics"
        case .flush: "flush"
        case .reload: "reload"
        case .survey: "survey"
        }
    }

    /// Bytes of its answer, beyond which it is none of a daemon's.
    package var maximumAnswerSize: Int {
        switch self {
        case .statistics, .metrics, .delete, .flush, .reload, .survey: 1 << 20
        case .expectations, .connections, .transfers: 1 << 30
        case .events: .max
        }
    }

    /// Tells whether its answer goes on for as long as anybody reads it.
    var isWatch: Bool { if case .events = self { true } else { false } }

    /// Tells whether it changes something, which only root may.
    package var isChange: Bool {
        switch self {
        case .delete, .flush, .reload, .survey: true
        case .expectations, .connections, .transfers, .statistics, .metrics, .events: false
        }
    }
}
