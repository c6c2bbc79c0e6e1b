// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import Messages
import PinholeDaemon
import Terminal
import Testing

@testable import pinhole

/// What stands on the screen of `pinhole top`, and what keys do, without a terminal.
struct TopScreenTests {
    private func json(_ text: String) throws -> JSON { try #require(JSON(parsing: Array(text.utf8))) }

    private func transfer(
        _ client: String = "10.1.0.2:40112",
        id: Int = 1,
        path: String = "pub/file",
        down: Int? = 0,
        direction: String = "download"
    ) throws -> JSON {
        let bytes = down.map { #"{"up":0,"down":\#($0)}"# } ?? "null"
        return try json(
            #"{"client":"\#(client)","server":"10.2.0.2:21","user":"anonymous","command":"RETR","path":"\#(path)","#
                + #""direction":"\#(direction)","data":{"id":\#(id)},"bytes":\#(bytes),"size":1000000,"offset":0,"#
                + #""progress":0.25,"seconds":65.5,"reply":""}"#
        )
    }

    private func report(
        at time: Double = 100,
        packets: Int = 1000,
        transfers: [JSON] = [],
        rows: [JSON] = []
    ) throws -> TopReport {
        TopReport(
            time: time,
            wallTime: 1_700_000_000,
            statistics: try json(
                #"{"packets":\#(packets),"connections":12,"transfers":3,"expectations":1,"#
                    + #""refused":{"malformed":2,"not-ftp":3},"errors":{"log":1},"queue":{"waiting":4,"dropped":5}}"#
            ),
            transfers: transfers,
            rows: rows
        )
    }

    private func session(_ client: String, refused: Int = 0, user: String = "joe") throws -> JSON {
        try json(
            #"{"client":"\#(client)","server":"10.2.0.2:21","state":"ready","user":"\#(user)","#
                + #""id":7,"age":65,"idle":5,"used":1,"refused":\#(refused)}"#
        )
    }

    private func expectation(_ id: Int, expires: Double = 299) throws -> JSON {
        try json(
            #"{"id":\#(id),"kind":"PORT","master":{"client":"10.1.0.\#(id):40112","server":"10.2.0.2:21"},"#
                + #""from":"10.2.0.2","to":"10.1.0.\#(id):5001","expires_in":\#(expires)}"#
        )
    }

    func text(_ top: TopScreen, rows: Int = 24, columns: Int = 80) -> [String] {
        top.lines(rows: rows, columns: columns).map { line in
            var text = line.text
            while text.hasSuffix(" ") { text.removeLast() }
            return text
        }
    }

    /// The rows of the table, without the lines around it.
    private func table(_ top: TopScreen, columns: Int = 80) -> [String] {
        text(top, columns: columns).dropFirst(5).dropLast().filter { $0 != "" }
    }

    func press(_ top: inout TopScreen, _ keys: String) {
        for byte in keys.utf8 { _ = top.press(.character(byte)) }
    }

    // MARK: The screen

    @Test func `the first screen has counters, rates and transfers in 80 columns`() throws {
        var top = TopScreen()
        top.update(with: try report(at: 100, packets: 1000, transfers: [try transfer(down: 100_000)]))
        top.update(with: try report(at: 102, packets: 3000, transfers: [try transfer(down: 250_000)]))
        #expect(
            text(top, rows: 8) == [
                "pinhole  sessions 12  transfers 3  expectations 1  refused 5  errors 1",
                "packets 1.0k/s  queue 4 waiting, 5 dropped  down 75.0k/s  up 0/s  blocked -",
                "by RATE/s, largest first",
                "[transfers]  sessions   expectations   refusals",
                "CLIENT   SERVER   USER      CMD  PATH                     DONE BYTES RATE/s TIME",
                "10.1.0.2 10.2.0.2 anonymous RETR pub/file                  25%  250k  75.0k 1m05",
                "",
                "Tab view  s sort  r reverse  / filter  p pause  d close expectation  q quit",
            ]
        )
    }

    @Test(arguments: [(24, 80), (1, 80), (3, 10), (5, 20), (6, 80), (60, 300), (0, 0), (24, 1)])
    func `the screen has exactly its rows, and no line is too long`(rows: Int, columns: Int) throws {
        var top = TopScreen()
        let long = String(repeating: "x", count: 255)
        var transfers: [JSON] = []
        for number in 0..<100 { transfers.append(try transfer("10.1.0.2:\(number)", id: number, path: long)) }
        top.update(with: try report(transfers: transfers))
        for _ in ListKind.allCases {
            let lines = top.lines(rows: rows, columns: columns)
            #expect(lines.count == rows)
            #expect(lines.allSatisfy { $0.text.count <= columns })
            _ = top.press(.right)
        }
    }

    @Test func `on a narrow screen less important columns are hidden and the path is cut`() throws {
        var top = TopScreen()
        let client = "[fd01:1111:2222:3333:4444:5555:6666:7777]:40112"
        top.update(
            with: try report(transfers: [try transfer(client, path: String(repeating: "x", count: 200))])
        )
        let line = try #require(table(top).first)
        #expect(line.count <= 80)
        #expect(line.hasPrefix("fd01:1111:2222:3333:4444:5555:6666:7777 "))
        #expect(line.contains(" 10.2.0.2 RETR xxxxxxxxxxxx"))
        #expect(!line.contains("anonymous"))
        #expect(table(top, columns: 200)[0].contains(" 10.2.0.2 anonymous RETR xxxx"))
    }

    @Test func `uncounted bytes are shown as a dash`() throws {
        var top = TopScreen()
        top.update(with: try report(transfers: [try transfer(down: nil)]))
        #expect(table(top)[0].hasSuffix("25%     -      - 1m05"))
    }

    @Test func `after a restart of the daemon there is no rate of packets at first`() throws {
        var top = TopScreen()
        top.update(with: try report(at: 100, packets: 1000))
        top.update(with: try report(at: 102, packets: 5))
        #expect(text(top)[1].hasPrefix("packets -  "))
        top.update(with: try report(at: 104, packets: 25))
        #expect(text(top)[1].hasPrefix("packets 10/s  "))
    }

    @Test func `a missing daemon is reported, and the last table stays until it is back`() throws {
        var top = TopScreen()
        top.update(with: try report(transfers: [try transfer()]))
        top.fail(UserError("no daemon answers at /x", hint: "start it with pinholed"))
        let line = top.lines(rows: 24, columns: 80)[2]
        #expect(
            line
                == TopScreen.Line(text: "no daemon answers at /x: start it with pinholed", style: .warning)
        )
        #expect(table(top).count == 1)
        top.update(with: try report())
        #expect(text(top)[2] == "by RATE/s, largest first")
        #expect(table(top).isEmpty)
    }

    @Test func `a refusal shows its line, and its hint when selected`() throws {
        var top = TopScreen()
        for _ in 0..<3 { _ = top.press(.right) }
        #expect(top.view == .refusals)
        let explanation =
            "the client's PORT names an address that is not the client's (FTP bounce): let it use "
            + "passive mode, or allow this with 'loose = yes' for the server"
        func refusal(_ time: Int, _ line: String) throws -> JSON {
            try json(
                #"{"time":\#(time).0,"event":"refused","reason":"address-mismatch","client":"10.1.0.2:40112","#
                    + #""server":"10.2.0.2:21","line":"\#(line)","explanation":"\#(explanation)"}"#
            )
        }
        top.update(
            with:
                try report(rows: [try refusal(1_699_999_870, "PORT 1"), try refusal(1_699_999_990, "PORT 2")])
        )
        #expect(
            table(top)
                == [
                    "  10s 10.1.0.2:40112 10.2.0.2:21 address-mismatch PORT 2",
                    "2m10 10.1.0.2:40112 10.2.0.2:21 address-mismatch PORT 1",
                ].map { $0.hasPrefix("  ") ? String($0.dropFirst()) : $0 }
        )
        _ = top.press(.down)
        let lines = text(top)
        #expect(lines.count == 24)
        #expect(lines[21...22].joined(separator: " ") == explanation)
    }

    // MARK: Keys

    @Test func `a key shows the next or the previous view and requests its data`() throws {
        var top = TopScreen()
        let views: [ListKind] = [.sessions, .expectations, .refusals, .transfers]
        for view in views {
            #expect(top.press(.character(UInt8(ascii: "\t"))) == .refresh)
            #expect(top.view == view)
        }
        #expect(top.press(.left) == .refresh)
        #expect(top.view == .refusals)
        #expect(top.press(.character(UInt8(ascii: "q"))) == .quit)
        #expect(top.press(.character(UInt8(ascii: "x"))) == nil)
        #expect(top.press(.resized) == nil)
    }

    @Test func `keys sort by the next column or reverse the order`() throws {
        var top = TopScreen()
        _ = top.press(.right)
        top.update(
            with:
                try report(rows: [
                    try session("10.1.0.3:1", refused: 1), try session("10.1.0.2:1", refused: 9, user: "al"),
                    try session("10.1.0.4:1", refused: 10, user: "zoe"),
                ])
        )
        func order(_ top: TopScreen) -> [String] { table(top).map { String($0.prefix(8)) } }
        #expect(order(top) == ["10.1.0.2", "10.1.0.3", "10.1.0.4"])
        press(&top, "r")
        #expect(order(top) == ["10.1.0.4", "10.1.0.3", "10.1.0.2"])
        press(&top, "sssssss")
        #expect(text(top)[2] == "by REFUSED, largest first")
        #expect(order(top) == ["10.1.0.4", "10.1.0.2", "10.1.0.3"], "as numbers, not as text")
        press(&top, "ss")
        #expect(text(top)[2] == "by CLIENT")
    }

    @Test func `a filter shows the addresses that contain the typed text`() throws {
        var top = TopScreen()
        _ = top.press(.right)
        top.update(
            with:
                try report(rows: [
                    try session("10.1.0.3:1"), try session("10.1.0.2:1"), try session("[fd01::2]:7"),
                ])
        )
        press(&top, "/0.3x")
        #expect(text(top)[2] == "filter by address: 0.3x_")
        #expect(table(top).count == 3, "not before it is entered")
        _ = top.press(.backspace)
        press(&top, "\r")
        #expect(table(top).map { String($0.prefix(8)) } == ["10.1.0.3"])
        #expect(text(top)[2] == "by CLIENT   only 0.3")
        // Letters are text while something is typed.
        press(&top, "/q\u{1b}")
        #expect(table(top).count == 1)
        press(&top, "/\u{7f}")
        for _ in 0..<5 { _ = top.press(.backspace) }
        press(&top, "fd01:\n")
        #expect(table(top).map { String($0.prefix(9)) } == ["[fd01::2]"])
    }

    @Test func `a pause stops the requests until it ends`() throws {
        var top = TopScreen()
        #expect(top.press(.character(UInt8(ascii: "p"))) == nil)
        #expect(top.isPaused)
        #expect(text(top)[2].hasSuffix("PAUSED"))
        #expect(text(top)[23].contains("p go on"))
        #expect(top.press(.character(UInt8(ascii: "p"))) == .refresh)
        #expect(!top.isPaused)
    }

    @Test func `only the selected expectation is closed, whatever else comes and goes`() throws {
        var top = TopScreen()
        for _ in 0..<2 { _ = top.press(.right) }
        let close = Screen.Key.character(UInt8(ascii: "d"))
        top.update(with: try report(rows: [try expectation(7), try expectation(8)]))
        #expect(top.press(close) == nil)
        _ = top.press(.down)
        _ = top.press(.down)
        #expect(top.press(close) == .close(8))
        #expect(top.lines(rows: 24, columns: 80).map(\.style).filter { $0 == .reverse }.count == 2)
        // Another one in front of it: the selection is still the same.
        top.update(with: try report(rows: [try expectation(6), try expectation(7), try expectation(8)]))
        #expect(top.press(close) == .close(8))
        top.update(with: try report(rows: [try expectation(6), try expectation(7)]))
        #expect(top.press(close) == nil)
        _ = top.press(.pageDown)
        #expect(top.press(close) == .close(6))
        _ = top.press(.pageDown)
        #expect(top.press(close) == .close(7))
        _ = top.press(.pageUp)
        #expect(top.press(close) == .close(6))
    }

    @Test func `only an expectation can be closed`() throws {
        var top = TopScreen()
        top.update(with: try report(transfers: [try transfer()]))
        _ = top.press(.down)
        #expect(top.press(.character(UInt8(ascii: "d"))) == nil)
    }

    @Test func `the selected line is on the screen for a table of any length`() throws {
        var top = TopScreen()
        _ = top.press(.right)
        var sessions: [JSON] = []
        for number in 100..<200 { sessions.append(try session("10.1.0.2:\(number)")) }
        top.update(with: try report(rows: sessions))
        #expect(table(top).first?.hasPrefix("10.1.0.2:100 ") == true)
        for step in 0..<150 {
            _ = top.press(.down)
            let selected = top.lines(rows: 10, columns: 80).dropLast().filter { $0.style == .reverse }
            #expect(selected.map { String($0.text.prefix(12)) } == ["10.1.0.2:\(min(100 + step, 199))"])
        }
    }

    // MARK: Numbers

    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1.0k"), (99_949, "99.9k"), (99_951, "100k"), (999_499, "999k"),
        (999_500, "1.0M"), (12_345_678, "12.3M"), (1.5e12, "1.5T"), (-5, "0"), (9e30, "1000000000000000P"),
    ])
    func `numbers are shortened`(_ number: Double, _ text: String) {
        #expect(ShortForm.short(number) == text)
    }

    @Test(arguments: [
        (0, "0s"), (59.9, "59s"), (60, "1m00"), (3599, "59m59"), (3600, "1h00"), (86399, "23h59"),
        (90000, "1d01"),
        (-1, "0s"),
    ])
    func `durations are shortened`(_ seconds: Double, _ text: String) {
        #expect(ShortForm.duration(seconds) == text)
    }

    @Test(arguments: [
        (0, "0%"), (0.25, "25%"), (1, "100%"), (1e300, "999%"), (-1e300, "0%"), (1.7e308, "999%"),
    ])
    func `ratios are shown in percent`(_ part: Double, _ text: String) {
        #expect(ShortForm.percent(part) == text)
    }
}
