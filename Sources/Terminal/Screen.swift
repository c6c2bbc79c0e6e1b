// SPDX-License-Identifier: GPL-2.0-or-later
import CNcurses
import Glibc
package import Linux

/// The full-screen terminal, with ncurses; restored when the value goes out of scope.
///
/// The terminal is also restored if a signal ends the process.
@safe package struct Screen: ~Copyable {
    /// The style of a line; without colours, a warning is bold.
    package enum Style: Hashable, Sendable {
        case plain, bold, reverse, warning
    }

    /// A key that was pressed, or a change of the terminal's size.
    package enum Key: Hashable, Sendable {
        case character(UInt8)
        case up, down, pageUp, pageDown, left, right, backspace
        case resized
        case other
    }

    /// ncurses's window of the whole screen, which lasts as long as the process.
    private let window: UnsafeMutablePointer<WINDOW>
    private let hasColours: Bool

    /// The number of the colours of a warning.
    private static let warningColours: Int16 = 1

    private init(_ window: UnsafeMutablePointer<WINDOW>) {
        unsafe self.window = window
        cbreak()
        noecho()
        nonl()
        unsafe keypad(window, true)
        curs_set(0)
        hasColours = has_colors() && start_color() == OK
        if hasColours {
            use_default_colors()
            init_pair(Screen.warningColours, Int16(COLOR_RED), -1)
        }
    }

    deinit { endwin() }

    /// Takes over the terminal.
    ///
    /// - Throws: `ENOTTY` if there is no terminal or ncurses does not know it.
    package static func open() throws(SystemError) -> Screen {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, let window = unsafe cncurses_begin()
        else {
            throw SystemError("set up the terminal", code: ENOTTY)
        }
        restoreAtSignals()
        return unsafe Screen(window)
    }

    /// The signals whose default action ends the process, sent by a user or raised by an error.
    private static let endings = [
        SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP, SIGPIPE,
    ]

    /// Restores the terminal before a signal ends the process.
    private static func restoreAtSignals() {
        for number in endings {
            signal(number) { number in
                endwin()
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    package var rows: Int { unsafe Int(getmaxy(window)) }
    package var columns: Int { unsafe Int(getmaxx(window)) }

    /// Writes a line of printable ASCII in a row, counted from 0; it is cut off at the right edge.
    package func put(_ text: String, in row: Int, _ style: Style) {
        let size = min(text.utf8.count, columns)
        // Sound: the window exists, and the text has at least `size` bytes, which are read during the call.
        unsafe wmove(window, Int32(row), 0)
        unsafe wattrset(window, attributes(of: style))
        unsafe waddnstr(window, text, Int32(size))
        unsafe wattrset(window, 0)
        if size < columns { unsafe wclrtoeol(window) }
    }

    private func attributes(of style: Style) -> Int32 {
        switch style {
        case .plain: 0
        case .bold: cncurses_bold()
        case .reverse: cncurses_reverse()
        case .warning: cncurses_bold() | (hasColours ? COLOR_PAIR(Int32(Screen.warningColours)) : 0)
        }
    }

    /// Updates the terminal; only changes are sent.
    package func show() { unsafe wrefresh(window) }

    /// Waits for a key, and returns `nil` if none is pressed within `milliseconds`.
    package func key(within milliseconds: Int) -> Key? {
        unsafe wtimeout(window, Int32(milliseconds))
        switch unsafe wgetch(window) {
        case ERR: return nil
        case KEY_RESIZE: return .resized
        case KEY_UP: return .up
        case KEY_DOWN: return .down
        case KEY_PPAGE: return .pageUp
        case KEY_NPAGE: return .pageDown
        case KEY_LEFT: return .left
        case KEY_RIGHT: return .right
        case KEY_BACKSPACE, 0x7f, 0x08: return .backspace
        case let key: return (0..<0x80).contains(key) ? .character(UInt8(key)) : .other
        }
    }
}
