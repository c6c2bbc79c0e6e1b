// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Messages
import PinholeDaemon
import Terminal

/// The contents of the screen and the meaning of keys: reports and keys in, lines and requests out.
///
/// It does no IO.
struct TopScreen: Sendable {
    /// One line of the screen, in ASCII and no longer than the screen is wide.
    struct Line: Hashable, Sendable {
        let text: String
        var style = Screen.Style.plain
    }

    /// What the caller has to do after a key.
    enum Request: Hashable, Sendable {
        case quit
        /// Request a report, because the view has changed.
        case refresh
        /// Close the expectation with that number.
        case close(UInt64)
    }

    private(set) var view = ListKind.transfers
    private(set) var isPaused = false
    private var orders: [ListKind: (column: Int, isDescending: Bool)] = [:]
    private var filter = ""
    /// The new filter while it is being typed.
    private var typed: String?
    /// The selected row, if the user has selected one, so that nothing is closed by accident.
    private var selection: Int?
    /// The last error.
    private var complaint: String?
    private var report: TopReport?
    private var rows: [ListRow] = []
    /// Bytes per second of each transfer and in total, from the last two reports.
    private var rates: [String: Double] = [:]
    private var packetRate: Double?
    private var upRate = 0.0
    private var downRate = 0.0

    init() {}

    // MARK: - Reports

    /// Takes a new report for `view`.
    mutating func update(with new: TopReport) {
        measure(new)
        report = new
        complaint = nil
        arrange()
    }

    /// Makes the rows again, and keeps the selected one if it still exists.
    private mutating func arrange() {
        guard let report else { return }
        let selected = selection.map { rows[$0].key }
        rows = makeRows(report)
        selection = selected.flatMap { key in rows.firstIndex { $0.key == key } }
    }

    /// Shows an error, and keeps the last report.
    mutating func fail(_ error: UserError) {
        complaint = "\(error.message): \(error.hint)"
        packetRate = nil
    }

    private mutating func measure(_ new: TopReport) {
        let seconds = new.time - (report?.time ?? new.time)
        let packets = (new.statistics["packets"]?.double ?? 0) - (report?.statistics["packets"]?.double ?? 0)
        // The counters of a restarted daemon begin at zero.
        packetRate = seconds > 0 && packets >= 0 ? packets / seconds : nil
        let earlier = Dictionary(
            (report?.transfers ?? []).map { (ListRow.key(of: $0), ListRow.moved($0)) },
            uniquingKeysWith: { $1 }
        )
        rates = [:]
        upRate = 0
        downRate = 0
        for transfer in new.transfers {
            guard let moved = ListRow.moved(transfer) else { continue }
            let key = ListRow.key(of: transfer)
            let rate: Double
            if let before = earlier[key] ?? nil, seconds > 0 {
                rate = max(0, moved - before) / seconds
            } else {
                // A new transfer: the average since it began.
                rate = moved / max(transfer["seconds"]?.double ?? 0, 1)
            }
            rates[key] = rate
            if transfer["direction"]?.string == "upload" { upRate += rate } else { downRate += rate }
        }
    }

    // MARK: - Rows

    private func makeRows(_ report: TopReport) -> [ListRow] {
        let rows =
            view == .transfers
            ? report.transfers.map { view.row(of: $0, rate: rates[ListRow.key(of: $0)], at: report.wallTime) }
            : report.rows.map { view.row(of: $0, at: report.wallTime) }
        let order = order
        let shown = rows.filter { row in filter == "" || row.addresses.contains { $0.contains(filter) } }
        return shown.sorted { left, right in
            let (one, other) = (left.cells[order.column], right.cells[order.column])
            return order.isDescending ? other.isBefore(one) : one.isBefore(other)
        }
    }

    // MARK: - Keys

    /// Handles a key.
    mutating func press(_ key: Screen.Key) -> Request? {
        if typed != nil {
            type(key)
            return nil
        }
        switch key {
        case .up: select(-1)
        case .down: select(1)
        case .pageUp: select(-TopScreen.page)
        case .pageDown: select(TopScreen.page)
        case .right: return show(1)
        case .left: return show(-1)
        case .character(let byte): return press(byte)
        case .backspace, .resized, .other: break
        }
        return nil
    }

    /// Moves the selection by so many rows, or selects the first row.
    private mutating func select(_ step: Int) {
        guard !rows.isEmpty else { return }
        selection = selection.map { min(max(0, $0 + step), rows.count - 1) } ?? 0
    }

    private mutating func press(_ byte: UInt8) -> Request? {
        switch byte {
        case UInt8(ascii: "q"): return .quit
        case UInt8(ascii: "\t"): return show(1)
        case UInt8(ascii: "s"):
            let column = (order.column + 1) % view.columns.count
            sort(column, view.columns[column].isNumber)
        case UInt8(ascii: "r"):
            sort(order.column, !order.isDescending)
        case UInt8(ascii: "p"):
            isPaused.toggle()
            return isPaused ? nil : .refresh
        case UInt8(ascii: "/"): typed = filter
        case UInt8(ascii: "d"):
            return selection.flatMap { rows[$0].id }.map { .close($0) }
        default: break
        }
        return nil
    }

    private mutating func show(_ step: Int) -> Request {
        let all = ListKind.allCases
        let index = all.firstIndex(of: view) ?? 0
        view = all[(index + step + all.count) % all.count]
        selection = nil
        rows = []
        return .refresh
    }

    private var order: (column: Int, isDescending: Bool) { orders[view] ?? view.firstOrder }

    private mutating func sort(_ column: Int, _ isDescending: Bool) {
        orders[view] = (column, isDescending)
        arrange()
    }

    private mutating func type(_ key: Screen.Key) {
        switch key {
        case .character(0x0a), .character(0x0d):
            filter = typed ?? ""
            typed = nil
            arrange()
        case .character(0x1b): typed = nil
        case .backspace: typed = typed.map { String($0.dropLast()) }
        case .character(let byte) where byte > 0x20 && byte < 0x7f && (typed?.count ?? 0) < 39:
            typed?.append(Character(UnicodeScalar(byte)))
        default: break
        }
    }

    /// Rows that a page key moves by.
    private static let page = 10

    // MARK: - Lines

    /// The lines of the screen, one for each row.
    func lines(rows height: Int, columns width: Int) -> [Line] {
        var lines = [
            Line(text: counts, style: .bold), Line(text: flow), note,
            Line(
                text: ListKind.allCases.map { $0 == view ? "[\($0.rawValue)]" : " \($0.rawValue) " }.joined(
                    separator: " "
                )
            ),
        ]
        let detail = selection.map { Help.wrapped(rows[$0].detail, width: width) } ?? []
        let room = max(0, height - lines.count - 2 - detail.count)
        let layout = ListLayout(view.columns, rows, width: width)
        lines.append(Line(text: layout.header, style: .bold))
        let first = max(0, min((selection ?? 0) - room / 2, rows.count - room))
        for index in first..<min(rows.count, first + room) {
            lines.append(
                Line(text: layout.text(of: rows[index]), style: index == selection ? .reverse : .plain)
            )
        }
        while lines.count < height - 1 - detail.count { lines.append(Line(text: "")) }
        lines += detail.map { Line(text: $0) }
        lines = Array(lines.prefix(max(0, height - 1))) + [Line(text: help, style: .reverse)]
        return lines.prefix(max(0, height)).map {
            let text = String($0.text.prefix(width))
            let fill = $0.style == .reverse ? String(repeating: " ", count: max(0, width - text.count)) : ""
            return Line(text: text + fill, style: $0.style)
        }
    }

    private var counts: String {
        func number(_ name: String) -> String { report?.statistics[name]?.integer.map { "\($0)" } ?? "-" }
        func sum(_ name: String) -> String {
            report.map { "\($0.statistics[name]?.sum ?? 0)" } ?? "-"
        }
        return "pinhole  sessions \(number("connections"))  transfers \(number("transfers"))  "
            + "expectations \(number("expectations"))  refused \(sum("refused"))  errors \(sum("errors"))"
    }

    private var flow: String {
        func number(_ name: String) -> String {
            report?.statistics["queue"]?[name]?.integer.map { "\($0)" } ?? "-"
        }
        let blocked = report?.statistics["blocked"]?.integer.map { "\($0)" } ?? "-"
        let packets = packetRate.map { ShortForm.short($0) + "/s" } ?? "-"
        return "packets \(packets)  queue \(number("waiting")) waiting, \(number("dropped")) dropped  "
            + "down \(ShortForm.short(downRate))/s  up \(ShortForm.short(upRate))/s  blocked \(blocked)"
    }

    private var note: Line {
        if let typed { return Line(text: "filter by address: \(typed)_", style: .bold) }
        if let complaint { return Line(text: complaint, style: .warning) }
        var words = ["by \(view.columns[order.column].title)\(order.isDescending ? ", largest first" : "")"]
        if filter != "" { words.append("only \(filter)") }
        if isPaused { words.append("PAUSED") }
        return Line(text: words.joined(separator: "   "))
    }

    private var help: String {
        "Tab view  s sort  r reverse  / filter  p \(isPaused ? "go on" : "pause")  d close expectation  q quit"
    }
}
