import CScreen
import Glibc
package import Linux

/// The whole of the terminal, by ncurses, from `open` to the end of its life.
///
/// What ends the process in between, be it a signal or an error, gives the terminal back as it was, too.
package struct Screen: ~Copyable {
    /// How a line looks; where there is no colour, a warning is bold.
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

    /// What somebody pressed, or that the size has changed.
    package enum Key: Hashable, Sendable {
        case character(UInt8)
        case up, down, pageUp, pageDown, left, right, backspace
        case resized
        case other
    }

    private init() {}

    deinit { cscreen_close() }

    /// Takes the terminal over.
    ///
    /// - Throws: `ENOPKG` where ncurses is not installed; `ENOTTY` where there is no terminal, or none that ncurses knows.
    package static func open() throws(SystemError) -> Screen {
        guard cscreen_load() else { throw SystemError("load ncurses", code: ENOPKG) }
        guard cscreen_open() else { throw SystemError("take over the terminal", code: ENOTTY) }
        return Screen()
    }

    package var rows: Int { Int(cscreen_rows()) }
    package var columns: Int { Int(cscreen_columns()) }

    /// Writes a line of printable ASCII in a row, counted from 0; what is longer than the row is cut off.
    package func put(_ text: String, in row: Int, _ style: Style) {
        let size = min(text.utf8.count, columns)
        // Sound: the text has so many bytes, which are read during the call.
        unsafe cscreen_put(Int32(row), text, size, style.number)
    }

    /// Shows what was written; only what has changed is sent to the terminal.
    package func show() { cscreen_show() }

    /// Waits for a key, so many milliseconds at most; `nil` if none came.
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
