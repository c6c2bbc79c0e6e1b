// SPDX-License-Identifier: GPL-2.0-or-later

/// A client's request: one line over the control socket.
///
/// `expectations FORMAT`, `connections FORMAT`, `transfers FORMAT` and `refusals FORMAT`, each with or without the words of a
/// `ListFilter` behind it, `stats FORMAT`, `events FORMAT`, `status`, `metrics`, `delete NUMBER`, `disconnect NUMBER`, `flush`,
/// `reload`, `survey`, `records` or `rules STATE`. FORMAT is `text` or `json`, for events also `xferlog`; STATE is `repaired` or `missing`.
/// Words are separated by one blank, and a line feed ends the line. The answer is a line `ok` followed by the result, or a line `error: MESSAGE: HINT`.
/// Then the daemon closes the connection.
package enum ControlRequest: Hashable, Sendable {
    case expectations(ControlFormat, ListFilter = .none)
    case connections(ControlFormat, ListFilter = .none)
    case transfers(ControlFormat, ListFilter = .none)
    case refusals(ControlFormat, ListFilter = .none)
    case statistics(ControlFormat)
    /// What the daemon is and does, as JSON.
    case status
    case metrics
    case events(EventFormat)
    case delete(UInt64)
    case disconnect(UInt32)
    case flush
    case reload
    /// Look for connections that were established while no rules were loaded.
    case survey
    /// Every change of the records from now on, as messages (`Frame`); for root and the daemon's own user.
    case records
    /// Take note that the rules were put back, or that they are missing.
    case rules(RulesChange)

    /// Maximum length of a request in bytes, without the line feed: two networks, and a user name of 64 bytes that are all
    /// escaped.
    package static let maximumSize = 400

    /// Parses a line without its line feed; `nil` if it is not a valid request.
    package init?(parsing line: some Collection<UInt8>) {
        let words = String(decoding: line, as: UTF8.self).split(
            separator: " ",
            maxSplits: 2,
            omittingEmptySubsequences: false
        )
        let filter = words.count > 2 ? ListFilter(parsing: words[2]) : ListFilter.none
        guard let filter, words.count < 3 || filter != .none else { return nil }
        switch (words.first, words.dropFirst().first) {
        case ("expectations", let format?): self.init(ControlRequest.expectations, format, filter)
        case ("connections", let format?): self.init(ControlRequest.connections, format, filter)
        case ("transfers", let format?): self.init(ControlRequest.transfers, format, filter)
        case ("refusals", let format?): self.init(ControlRequest.refusals, format, filter)
        case (let name?, let value) where words.count < 3: self.init(name, value)
        default: return nil
        }
    }

    private init?(
        _ make: (ControlFormat, ListFilter) -> ControlRequest,
        _ format: Substring,
        _ filter: ListFilter
    ) {
        guard let format = ControlFormat(rawValue: String(format)) else { return nil }
        self = make(format, filter)
    }

    /// Requests without a filter.
    private init?(_ name: Substring, _ value: Substring?) {
        switch (name, value) {
        case ("stats", let format?):
            guard let format = ControlFormat(rawValue: String(format)) else { return nil }
            self = .statistics(format)
        case ("events", let format?):
            guard let format = EventFormat(rawValue: String(format)) else { return nil }
            self = .events(format)
        case ("delete", let number?):
            guard let number = UInt64(number) else { return nil }
            self = .delete(number)
        case ("disconnect", let number?):
            guard let number = UInt32(number) else { return nil }
            self = .disconnect(number)
        case ("status", nil): self = .status
        case ("metrics", nil): self = .metrics
        case ("flush", nil): self = .flush
        case ("reload", nil): self = .reload
        case ("survey", nil): self = .survey
        case ("records", nil): self = .records
        case ("rules", let change?):
            guard let change = RulesChange(rawValue: String(change)) else { return nil }
            self = .rules(change)
        default: return nil
        }
    }

    /// The request as a line, the inverse of `init(parsing:)`.
    package var line: String {
        switch self {
        case .expectations(let format, let filter): Self.list("expectations", format, filter)
        case .connections(let format, let filter): Self.list("connections", format, filter)
        case .transfers(let format, let filter): Self.list("transfers", format, filter)
        case .refusals(let format, let filter): Self.list("refusals", format, filter)
        case .statistics(let format): "stats \(format.rawValue)"
        case .events(let format): "events \(format.rawValue)"
        case .delete(let id): "delete \(id)"
        case .disconnect(let id): "disconnect \(id)"
        case .status: "status"
        case .metrics: "metrics"
        case .flush: "flush"
        case .reload: "reload"
        case .survey: "survey"
        case .records: "records"
        case .rules(let change): "rules \(change.rawValue)"
        }
    }

    private static func list(_ name: String, _ format: ControlFormat, _ filter: ListFilter) -> String {
        "\(name) \(format.rawValue)\(filter == .none ? "" : " \(filter.line)")"
    }

    /// Maximum size of a plausible answer, in bytes; a client reads no more.
    package var maximumAnswerSize: Int {
        switch self {
        case .statistics, .status, .metrics, .refusals, .delete, .disconnect, .flush, .reload, .survey,
            .rules:
            1 << 20
        case .expectations, .connections, .transfers: 1 << 30
        case .events, .records: .max
        }
    }

    /// Whether the answer has no end.
    var isWatch: Bool {
        switch self {
        case .events, .records: true
        default: false
        }
    }

    /// Whether it changes something; only root may do that.
    package var isChange: Bool {
        switch self {
        case .delete, .disconnect, .flush, .reload, .survey, .rules: true
        case .expectations, .connections, .transfers, .refusals, .statistics, .status, .metrics, .events,
            .records:
            false
        }
    }
}
