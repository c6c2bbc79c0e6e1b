// SPDX-License-Identifier: GPL-2.0-or-later
import PinholeDaemon

/// One of the tables of `pinhole top`.
enum TopView: String, CaseIterable, Sendable {
    case transfers, sessions, expectations, refusals

    /// The request for its rows, besides transfers and counters, which are always requested; refusals are events, which
    /// `RefusalWatch` keeps.
    var request: ControlRequest? {
        switch self {
        case .transfers, .refusals: nil
        case .sessions: .connections(.json)
        case .expectations: .expectations(.json)
        }
    }

    var columns: [TopColumn] {
        switch self {
        case .transfers:
            [
                TopColumn(title: "CLIENT"), TopColumn(title: "SERVER", rank: 4),
                TopColumn(title: "USER", rank: 3),
                TopColumn(title: "CMD"), TopColumn(title: "PATH", isFlexible: true),
                TopColumn(title: "DONE", isNumber: true), TopColumn(title: "BYTES", isNumber: true, rank: 2),
                TopColumn(title: "RATE/s", isNumber: true), TopColumn(title: "TIME", isNumber: true, rank: 1),
            ]
        case .sessions:
            [
                TopColumn(title: "CLIENT"), TopColumn(title: "SERVER"), TopColumn(title: "STATE"),
                TopColumn(title: "USER", isFlexible: true),
                TopColumn(title: "OPENED", isNumber: true, rank: 1),
                TopColumn(title: "USED", isNumber: true, rank: 2),
                TopColumn(title: "REFUSED", isNumber: true),
            ]
        case .expectations:
            [
                TopColumn(title: "ID", isNumber: true), TopColumn(title: "KIND"), TopColumn(title: "CLIENT"),
                TopColumn(title: "FROM", rank: 1), TopColumn(title: "TO", isFlexible: true),
                TopColumn(title: "EXPIRES", isNumber: true),
            ]
        case .refusals:
            [
                TopColumn(title: "AGO", isNumber: true), TopColumn(title: "CLIENT"),
                TopColumn(title: "SERVER", rank: 1), TopColumn(title: "REASON"),
                TopColumn(title: "LINE", isFlexible: true),
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
}
