// SPDX-License-Identifier: GPL-2.0-or-later

/// A client's request: one line over the control socket.
///
/// `expectations FORMAT`, `connections FORMAT`, `transfers FORMAT`, `stats FORMAT`, `events FORMAT`, `metrics`,
/// `delete NUMBER`, `flush`, `reload`, `survey` or `rules STATE`. FORMAT is `text` or `json`, for events also `xferlog`; STATE is
/// `repaired` or `missing`. Words are separated by one blank, and a line feed ends the line. The answer is a line `ok` followed by the result, or a line `error: MESSAGE: HINT`.
/// Then the daemon closes the connection.
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
    /// Look for connections that were established while no rules were loaded.
    case survey
    /// Take note that the rules were put back, or that they are missing.
    case rules(RulesChange)

    /// Maximum length of a request in bytes, without the line feed; the longest valid one has 27.
    package static let maximumSize = 64

    /// Parses a line without its line feed; `nil` if it is not a valid request.
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
        case ("rules", let change?, 2):
            guard let change = RulesChange(rawValue: String(change)) else { return nil }
            self = .rules(change)
        default: return nil
        }
    }

    private init?(_ make: (ControlFormat) -> ControlRequest, _ format: Substring) {
        guard let format = ControlFormat(rawValue: String(format)) else { return nil }
        self = make(format)
    }

    /// The request as a line, the inverse of `init(parsing:)`.
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
        case .rules(let change): "rules \(change.rawValue)"
        }
    }

    /// Maximum size of a plausible answer, in bytes; a client reads no more.
    package var maximumAnswerSize: Int {
        switch self {
        case .statistics, .metrics, .delete, .flush, .reload, .survey, .rules: 1 << 20
        case .expectations, .connections, .transfers: 1 << 30
        case .events: .max
        }
    }

    /// Whether the answer has no end.
    var isWatch: Bool { if case .events = self { true } else { false } }

    /// Whether it changes something; only root may do that.
    package var isChange: Bool {
        switch self {
        case .delete, .flush, .reload, .survey, .rules: true
        case .expectations, .connections, .transfers, .statistics, .metrics, .events: false
        }
    }
}
