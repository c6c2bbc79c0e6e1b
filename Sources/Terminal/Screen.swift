// SPDX-License-Identifier: GPL-2.0-or-later
import CScreen
import Glibc
package import Linux

/// The full-screen terminal, with ncurses; restored when the value goes out of scope.
///
/// The terminal is also restored if a signal ends the process.
package struct Screen: ~Copyable {
    /// The style of a line; without colours, a warning is bold.
    package enum Style: Hashable, Sendable {
        case plain, bold, reverse, warning

        fileprivate var number: cscreen_style {
            switch self {
            case .plain: cscreen_plain
            case .bold: cscreen_bold
            case .reverse: cscreen_reverse
            case .warning: cscreen_warning
            }
        }
    }

    /// A key that was pressed, or a change of the terminal's size.
    package enum Key: Hashable, Sendable {
        case character(UInt8)
        case up, down, pageUp, pageDown, left, right, backspace
        case resized
        case other
    }

    private init() {}

    deinit { cscreen_close() }

    /// Takes over the terminal.
    ///
    /// - Throws: `ENOPKG` if ncurses is not installed; `ENOTTY` if there is no terminal or ncurses does not know it.
    package static func open() throws(SystemError) -> Screen {
        guard cscreen_load() else { throw SystemError("load ncurses", code: ENOPKG) }
        guard cscreen_open() else { throw SystemError("take over the terminal", code: ENOTTY) }
        return Screen()
    }

    package var rows: Int { Int(cscreen_rows()) }
    package var columns: Int { Int(cscreen_columns()) }

    /// Writes a line of printable ASCII in a row, counted from 0; it is cut off at the right edge.
    package func put(_ text: String, in row: Int, _ style: Style) {
        let size = min(text.utf8.count, columns)
        // Sound: the text has at least `size` bytes, which are read during the call.
        unsafe cscreen_put(Int32(row), text, size, style.number)
    }

    /// Updates the terminal; only changes are sent.
    package func show() { cscreen_show() }

    /// Waits for a key, and returns `nil` if none is pressed within `milliseconds`.
    package func key(within milliseconds: Int) -> Key? {
        let key = cscreen_wait(Int32(milliseconds))
        switch key {
        case cscreen_nothing.rawValue: return nil
        case cscreen_resized.rawValue: return .resized
        case cscreen_up.rawValue: return .up
        case cscreen_down.rawValue: return .down
        case cscreen_page_up.rawValue: return .pageUp
        case cscreen_page_down.rawValue: return .pageDown
        case cscreen_left.rawValue: return .left
        case cscreen_right.rawValue: return .right
        case cscreen_backspace.rawValue: return .backspace
        default: return UInt8(exactly: key).map(Key.character) ?? .other
        }
    }
}
