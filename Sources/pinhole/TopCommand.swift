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
    static let summary = "show sessions and transfers live, on the whole terminal"
    static let options: [Option] = [.socket]

    /// Seconds between two reports, at least, and the pause after a report as a multiple of the time that it took.
    private static let interval = 2.0
    private static let leisure = 10.0
    /// Limits for the bytes and for the values of an answer: several times what 65,536 sessions need.
    private static let maximumSize = 64 << 20
    private static let maximumCount = 8 << 20

    static func run(_ arguments: Arguments) throws(UserError) {
        let socket = arguments.socketPath
        let screen: Screen
        do throws(SystemError) {
            screen = try Screen.open()
        } catch {
            throw UserError(error.description, hint: "run it in a terminal, and check the value of TERM")
        }
        var top = TopScreen()
        var watch = RefusalWatch(socket)
        var next = 0.0
        while true {
            if next <= seconds, !top.isPaused {
                let begin = seconds
                refresh(&top, &watch, socket)
                next = seconds + max(interval, (seconds - begin) * leisure)
            }
            draw(top, on: screen)
            let keyTimeout = top.isPaused ? 3600 : min(max(0.01, next - seconds), 3600)
            guard let key = screen.key(within: Int((keyTimeout * 1000).rounded(.up))) else { continue }
            switch top.press(key) {
            case .quit: return
            case .refresh: next = 0
            case .close(let id):
                close(id, &top, &watch, socket)
            case nil: break
            }
        }
    }

    private static var seconds: Double { Double(Clock.now().nanoseconds) / 1e9 }

    /// Requests from the daemon what is shown.
    private static func refresh(_ top: inout TopScreen, _ watch: inout RefusalWatch, _ socket: String) {
        // If it fails, so does the next request, which reports the reason.
        let error = try? watch.update()
        do throws(UserError) {
            let statistics = try ask(.statistics(.json), socket)
            let transfers = try ask(.transfers(.json), socket)
            let rows = try top.view.request.map { request throws(UserError) in try ask(request, socket) }
            top.take(
                TopReport(
                    time: seconds,
                    wallTime: Clock.wall(),
                    statistics: statistics,
                    transfers: transfers.elements,
                    rows: rows?.elements ?? watch.refusals
                )
            )
            if top.view == .refusals, let error { throw error }
        } catch {
            top.fail(error)
        }
    }

    private static func close(
        _ id: UInt64,
        _ top: inout TopScreen,
        _ watch: inout RefusalWatch,
        _ socket: String
    ) {
        do throws(UserError) {
            try ControlSocketClient.ask(.delete(id), at: socket) { _ throws(UserError) in }
            refresh(&top, &watch, socket)
        } catch {
            top.fail(error)
        }
    }

    private static func ask(_ request: ControlRequest, _ socket: String) throws(UserError) -> JSON {
        var text: [UInt8] = []
        var count = 0
        try ControlSocketClient.ask(request, at: socket) { (piece) throws(UserError) in
            text += piece
            count += piece.count { "[{,:".utf8.contains($0) }
            guard text.count <= maximumSize, count <= maximumCount else {
                throw UserError(
                    "the answer of the daemon is too large",
                    hint: "check which process listens at the control socket"
                )
            }
        }
        guard let answer = JSON(parsing: text) else { throw UserError.senselessAnswer }
        return answer
    }

    private static func draw(_ top: TopScreen, on screen: borrowing Screen) {
        for (row, line) in top.lines(rows: screen.rows, columns: screen.columns).enumerated() {
            screen.put(line.text, in: row, line.style)
        }
        screen.show()
    }
}
