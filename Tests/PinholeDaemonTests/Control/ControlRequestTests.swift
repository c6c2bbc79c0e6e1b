// SPDX-License-Identifier: GPL-2.0-or-later
import PinholeDaemon
import Testing

@Suite struct ControlRequestTests {
    @Test(arguments: [
        (ControlRequest.expectations(.json), "expectations json"),
        (.expectations(.text), "expectations text"),
        (.connections(.json), "connections json"),
        (.statistics(.text), "stats text"),
        (.transfers(.text), "transfers text"),
        (.events(.json), "events json"), (.events(.xferlog), "events xferlog"),
        (.delete(18_446_744_073_709_551_615), "delete 18446744073709551615"),
        (.flush, "flush"), (.metrics, "metrics"), (.reload, "reload"),
        (.rules(.repaired), "rules repaired"), (.rules(.missing), "rules missing"),
    ])
    func `a request is one line and comes out of it again`(_ request: ControlRequest, _ line: String) {
        #expect(request.line == line)
        #expect(ControlRequest(parsing: Array(line.utf8)) == request)
        #expect(line.utf8.count <= ControlRequest.maximumSize)
    }

    @Test(arguments: [
        "", " ", "expectations", "expectations ", "expectations xml", "expectations json ",
        " expectations json",
        "expectations  json", "Expectations json", "delete", "delete -1", "delete x",
        "delete 18446744073709551616",
        "connections xferlog", "flush all", "flush ", "events", "rules", "rules gone", "GET / HTTP/1.1",
        "stats json\r",
    ])
    func `whatever else comes is no request`(_ line: String) {
        #expect(ControlRequest(parsing: Array(line.utf8)) == nil)
    }

    @Test func `bytes that are no text are no request`() {
        #expect(ControlRequest(parsing: [0xff, 0x00, 0x20, 0xc3]) == nil)
    }
}
