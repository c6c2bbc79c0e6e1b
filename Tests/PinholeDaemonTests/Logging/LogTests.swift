// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@testable import PinholeDaemon

@Suite struct LogTests {
    /// What a log was given to write, and whether it takes more.
    private final class Paper {
        var lines: [String] = []
        var isFull = false
    }

    private let paper = Paper()

    private func log(_ threshold: LogLevel = .info, hasPriorities: Bool = false) -> Log {
        Log(threshold: threshold, hasPriorities: hasPriorities) { [paper] line in
            if !paper.isFull { paper.lines.append(line) }
            return !paper.isFull
        }
    }

    @Test func `a line has its level, its event and its fields`() {
        var log = log()
        log.write(.info, "started") { $0.add("socket", "/run/a b") }
        #expect(paper.lines == ["level=info event=started socket=\"/run/a b\"\n"])
    }

    @Test(arguments: zip(LogLevel.allCases, ["<3>", "<4>", "<6>", "<7>"]))
    func `a line for the journal begins with its priority`(_ level: LogLevel, _ prefix: String) {
        var log = log(.debug, hasPriorities: true)
        log.write(level, "x")
        #expect(paper.lines == ["\(prefix)level=\(level.rawValue) event=x\n"])
    }

    @Test(arguments: zip(LogLevel.allCases, [1, 2, 3, 4]))
    func `a message below the threshold is not written`(_ threshold: LogLevel, _ count: Int) {
        var log = log(threshold)
        for level in LogLevel.allCases { log.write(level, "x") }
        #expect(paper.lines.count == count)
        #expect(log.lost == 0)
    }

    @Test func `lost lines are counted, and the next line has their number`() {
        var log = log()
        paper.isFull = true
        log.write(.info, "a")
        log.write(.info, "b")
        paper.isFull = false
        log.write(.info, "c")
        log.write(.info, "d")
        #expect(log.lost == 2)
        #expect(paper.lines == ["level=info event=c lost=2\n", "level=info event=d\n"])
    }

    @Test func `a fault is an error unless it is temporary or the administrator can fix it`() {
        var log = log()
        log.write(.fault(.openPinhole, reason: "add to set: full", leftOut: 3), at: Samples.now)
        log.write(.fault(.overrun, reason: "more packets came", leftOut: 0), at: Samples.now)
        log.write(.fault(.kernelHelper, reason: "ftp", leftOut: 0), at: Samples.now)
        #expect(
            paper.lines == [
                "level=error event=fault fault=open-pinhole reason=\"add to set: full\" left-out=3\n",
                "level=warning event=fault fault=overrun reason=\"more packets came\"\n",
                "level=warning event=fault fault=kernel-helper reason=ftp\n",
            ]
        )
    }

    @Test(arguments: [
        (Event.connection(Samples.summary()), LogLevel.debug),
        (.expectation(Samples.expectation), .debug),
        (.data(Samples.expectation, from: Samples.server), .debug),
        (.closed(Samples.expectation, .replaced), .debug),
        (.closed(Samples.expectation, .rejected), .debug),
        (.closed(Samples.expectation, .ended), .debug),
        (.closed(Samples.expectation, .deleted), .info),
        (.expired(Samples.expectation), .info),
        (.encrypted(Samples.summary()), .info),
        (.connectionClosed(Samples.summary()), .info),
        (.closed(Samples.expectation, .failed), .warning),
        (.refused(Samples.refusal), .warning),
    ])
    func `the result of a session is logged as information, its steps are not`(
        _ event: Event,
        _ level: LogLevel
    ) {
        var log = log(.debug, hasPriorities: true)
        log.write(.event(event, leftOut: 0), at: Samples.now)
        let start = "<\(level.priority)>level=\(level.rawValue) event=\(event.name) "
        #expect(paper.lines.count == 1 && paper.lines[0].hasPrefix(start), "\(paper.lines)")
    }

    @Test func `a refusal is logged with its hint`() {
        var log = log()
        log.write(.event(.refused(Samples.refusal), leftOut: 7), at: Samples.now)
        #expect(
            paper.lines == [
                "level=warning event=refused reason=privileged-port kind=PORT client=10.1.0.2:40112 "
                    + "server=10.2.0.2:21 line=\"PORT 10,1,0,2,0,22\" "
                    + "explanation=\"\(Samples.refusal.explanation)\" left-out=7\n"
            ]
        )
    }

    @Test func `the rate limit of one kind of event does not affect other kinds`() {
        var log = log()
        let expiry = Notice.event(.expired(Samples.expectation), leftOut: 0)
        let end = Notice.event(.connectionClosed(Samples.summary()), leftOut: 0)
        for _ in 0..<1000 { log.write(expiry, at: Samples.now) }
        #expect(paper.lines.count == 400)
        log.write(end, at: Samples.now)
        #expect(paper.lines.last?.hasPrefix("level=info event=connection-closed ") == true)
        log.write(expiry, at: Samples.now.advanced(bySeconds: 10))
        #expect(paper.lines.count == 402)
        #expect(paper.lines.last?.hasSuffix(" left-out=600\n") == true)
    }

    @Test func `events below the threshold are not counted as left out`() {
        var log = log(.warning)
        for _ in 0..<1000 { log.write(.event(.expired(Samples.expectation), leftOut: 0), at: Samples.now) }
        #expect(paper.lines.isEmpty)
        #expect(log.limiters.isEmpty)
    }

    @Test func `a refused line cannot break out of its line in the log`() {
        var log = log()
        let line = Array("PORT \r\n<0>level=error\" x".utf8)
        let refusal = Refusal(
            reason: .malformed,
            kind: .port,
            connection: Samples.mapping.original,
            line: line
        )
        log.write(.event(.refused(refusal), leftOut: 0), at: Samples.now)
        #expect(
            paper.lines == [
                "level=warning event=refused reason=malformed kind=PORT client=10.1.0.2:40112 "
                    + #"server=10.2.0.2:21 line="PORT \r\n<0>level=error\" x" "#
                    + "explanation=\"\(refusal.explanation)\"\n"
            ]
        )
    }
}
