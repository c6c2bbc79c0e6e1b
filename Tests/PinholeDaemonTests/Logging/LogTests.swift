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
    func `the journal is told the priority`(_ level: LogLevel, _ prefix: String) {
        var log = log(.debug, hasPriorities: true)
        log.write(level, "x")
        #expect(paper.lines == ["\(prefix)level=\(level.rawValue) event=x\n"])
    }

    @Test(arguments: zip(LogLevel.allCases, [1, 2, 3, 4]))
    func `what matters less than the threshold is not written`(_ threshold: LogLevel, _ count: Int) {
        var log = log(threshold)
        for level in LogLevel.allCases { log.write(level, "x") }
        #expect(paper.lines.count == count)
        #expect(log.lost == 0)
    }

    @Test func `lines that cannot be written are counted, and the next one tells how many`() {
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

    @Test func `a fault is an error, a kernel helper a warning, an expectation information`() {
        var log = log()
        log.write(.fault(.openPinhole, reason: "add to set: full", leftOut: 3), at: Samples.now)
        log.write(.fault(.kernelHelper, reason: "ftp", leftOut: 0), at: Samples.now)
        log.write(.event(.expired(Samples.plainExpectation), leftOut: 0), at: Samples.now)
        #expect(
            paper.lines == [
                "level=error event=fault fault=open-pinhole reason=\"add to set: full\" left-out=3\n",
                "level=warning event=fault fault=kernel-helper reason=ftp\n",
                "level=info event=expired id=2 kind=EPSV client=[fd01::2]:40113 server=[fd02::2]:21 "
                    + "from=fd01::2 to=[fd02::2]:5002\n",
            ]
        )
    }

    @Test func `of a flood of events of one kind some are left out, and of no other kind`() {
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

    @Test func `what is not logged anyway is not left out`() {
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
                    + #"server=10.2.0.2:21 line="PORT \r\n<0>level=error\" x""# + "\n"
            ]
        )
    }
}
