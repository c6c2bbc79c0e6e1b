// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import PinholeDaemon

/// What there are lists of, and how they are shown as tables.
enum ListKind: String, CaseIterable, Sendable {
    case transfers, sessions, expectations, refusals

    /// The request for its rows.
    var request: (ControlFormat, ListFilter) -> ControlRequest {
        switch self {
        case .transfers: ControlRequest.transfers
        case .sessions: ControlRequest.connections
        case .expectations: ControlRequest.expectations
        case .refusals: ControlRequest.refusals
        }
    }

    var columns: [ListColumn] {
        switch self {
        case .transfers:
            [
                ListColumn(title: "CLIENT"), ListColumn(title: "SERVER", rank: 4),
                ListColumn(title: "USER", rank: 3),
                ListColumn(title: "CMD"), ListColumn(title: "PATH", isFlexible: true),
                ListColumn(title: "DONE", isNumber: true),
                ListColumn(title: "BYTES", isNumber: true, rank: 2),
                ListColumn(title: "RATE/s", isNumber: true),
                ListColumn(title: "TIME", isNumber: true, rank: 1),
            ]
        case .sessions:
            [
                ListColumn(title: "CLIENT"), ListColumn(title: "SERVER"),
                ListColumn(title: "USER", isFlexible: true), ListColumn(title: "STATE", rank: 6),
                ListColumn(title: "AGE", isNumber: true, rank: 5),
                ListColumn(title: "IDLE", isNumber: true, rank: 4),
                ListColumn(title: "TRANSFERS", isNumber: true, rank: 2),
                ListColumn(title: "REFUSED", isNumber: true, rank: 1),
                ListColumn(title: "ID", isNumber: true, rank: 3),
            ]
        case .expectations:
            [
                ListColumn(title: "ID", isNumber: true), ListColumn(title: "KIND"),
                ListColumn(title: "CLIENT"),
                ListColumn(title: "FROM", rank: 1), ListColumn(title: "TO", isFlexible: true),
                ListColumn(title: "EXPIRES", isNumber: true),
            ]
        case .refusals:
            [
                ListColumn(title: "AGO", isNumber: true), ListColumn(title: "CLIENT"),
                ListColumn(title: "SERVER", rank: 1), ListColumn(title: "REASON"),
                ListColumn(title: "LINE", isFlexible: true),
            ]
        }
    }

    /// The column that it is sorted by at first, and whether the order is descending.
    var firstOrder: (column: Int, isDescending: Bool) {
        switch self {
        case .transfers: (7, true)
        case .sessions: (0, false)
        case .expectations: (0, false)
        case .refusals: (0, false)
        }
    }

    /// The row of an element of the daemon's answer.
    ///
    /// - Parameters:
    ///   - element: an object.
    ///   - rate: bytes per second of a transfer; `nil` for its average.
    ///   - now: seconds since the epoch.
    /// - Returns: the row, with a cell for each column.
    func row(of element: JSON, rate: Double? = nil, at now: Double) -> ListRow {
        switch self {
        case .transfers: ListRow(transfer: element, rate: rate)
        case .sessions: ListRow(session: element)
        case .expectations: ListRow(expectation: element)
        case .refusals: ListRow(refusal: element, at: now)
        }
    }
}
