// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Formats
import FTPHelper
import Linux
import Messages
import PinholeDaemon
import Terminal

/// `pinhole top`.
enum TopCommand: Subcommand {
    static let name = "top"
    static let summary = "show sessions and transfers live, in a full-screen view"
    static let options: [Option] = [.socket]

    /// Seconds between two reports, at least, and the pause after a report as a multiple of the time that it took.
    private static let interval = 2.0
    private static let leisure = 10.0

    static func run(_ arguments: Arguments) throws(UserError) {
        let socket = arguments.socketPath
        let terminal = Environment.value(of: "TERM") ?? ""
        guard !StandardOutput.isTerminal || !["", "dumb", "unknown"].contains(terminal) else {
            throw UserError(
                "TERM is '\(Escaping.harmless(terminal, limit: 40))', which cannot show a full screen",
                hint: "set it to the type of the terminal, such as xterm, or use pinhole status"
            )
        }
        let screen: Screen
        do throws(SystemError) {
            screen = try Screen.open()
        } catch {
            throw UserError(
                error.description,
                hint: StandardOutput.isTerminal
                    ? "TERM=\(Escaping.harmless(terminal, limit: 40)) is not known here: try TERM=xterm"
                    : "run it in a terminal, or use pinhole status"
            )
        }
        var top = TopScreen()
        var next = 0.0
        while true {
            if next <= seconds, !top.isPaused {
                let begin = seconds
                refresh(&top, socket)
                next = seconds + max(interval, (seconds - begin) * leisure)
            }
            draw(top, on: screen)
            let keyTimeout = top.isPaused ? 3600 : min(max(0.01, next - seconds), 3600)
            guard let key = screen.key(within: Int((keyTimeout * 1000).rounded(.up))) else { continue }
            switch top.press(key) {
            case .quit: return
            case .refresh: next = 0
            case .close(let id):
                close(id, &top, socket)
            case nil: break
            }
        }
    }

    private static var seconds: Double { Double(Clock.now().nanoseconds) / 1e9 }

    /// Requests from the daemon what is shown.
    private static func refresh(_ top: inout TopScreen, _ socket: String) {
        do throws(UserError) {
            let statistics = try ControlSocketClient.answer(.statistics(.json), at: socket)
            let transfers = try ControlSocketClient.answer(.transfers(.json), at: socket)
            let rows =
                top.view == .transfers
                ? transfers : try ControlSocketClient.answer(top.view.request(.json, .none), at: socket)
            top.update(
                with:
                    TopReport(
                        time: seconds,
                        wallTime: Clock.timeOfDay(),
                        statistics: statistics,
                        transfers: transfers.elements,
                        rows: rows.elements
                    )
            )
        } catch {
            top.fail(error)
        }
    }

    private static func close(
        _ id: UInt64,
        _ top: inout TopScreen,
        _ socket: String
    ) {
        do throws(UserError) {
            try ControlSocketClient.ask(.delete(id), at: socket) { _ throws(UserError) in }
            refresh(&top, socket)
        } catch {
            top.fail(error)
        }
    }

    private static func draw(_ top: TopScreen, on screen: borrowing Screen) {
        for (row, line) in top.lines(rows: screen.rows, columns: screen.columns).enumerated() {
            screen.put(line.text, in: row, line.style)
        }
        screen.show()
    }
}
