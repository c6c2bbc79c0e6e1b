// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
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
        (.disconnect(4_294_967_295), "disconnect 4294967295"), (.refusals(.text), "refusals text"),
        (.status, "status"), (.flush, "flush"), (.metrics, "metrics"), (.reload, "reload"),
        (.rules(.repaired), "rules repaired"), (.rules(.missing), "rules missing"),
        (.rules(.replaced), "rules replaced"), (.rules(.loaded), "rules loaded"),
    ])
    func `a request is one line and is parsed from it again`(_ request: ControlRequest, _ line: String) {
        #expect(request.line == line)
        #expect(ControlRequest(parsing: Array(line.utf8)) == request)
        #expect(line.utf8.count <= ControlRequest.maximumSize)
    }

    @Test(arguments: [
        "10.1.0.2", "10.1.0.0/16", "10.1.0.2:40112", "fd01::2", "[fd01::2]:21", "[fd01::/64]:21",
    ])
    func `a trace target is parsed from its text again`(text: String) throws {
        let target = try #require(TraceTarget(parsing: text))
        #expect("\(target)" == text)
        #expect(ControlRequest(parsing: Array("trace \(text)".utf8)) == .trace(target))
        #expect(ControlRequest.trace(target).line == "trace \(text)")
        #expect(ControlRequest.trace(target).isForRoot)
    }

    @Test(arguments: [
        "", "10.1.0", "10.1.0.2:", "10.1.0.2:0", "10.1.0.2:65536", "fd01::2]:21", "client:21", "10.1.0.1/16",
    ])
    func `text that is no address is no trace target`(text: String) {
        #expect(TraceTarget(parsing: text) == nil)
        #expect(ControlRequest(parsing: Array("trace \(text)".utf8)) == nil)
    }

    private static func filter(_ client: String?, _ server: String?, _ user: String?) -> ListFilter {
        var filter = ListFilter()
        (filter.client, filter.server, filter.user) = (client, server, user)
        return filter
    }

    @Test(arguments: [
        (filter("10.1.0.2", nil, nil), "client=10.1.0.2"),
        (filter(nil, "fd02::/64", nil), "server=fd02::/64"),
        (filter("10.1.0.0/16", "10.2.0.2", "a b  c=d "), "client=10.1.0.0/16 server=10.2.0.2 user=a b  c=d "),
        (filter(nil, nil, ""), "user="),
    ])
    func `a list may be limited to some sessions`(_ filter: ListFilter, _ words: String) {
        for request in [ControlRequest.connections(.text, filter), .refusals(.json, filter)] {
            #expect(request.line.hasSuffix(" \(words)"))
            #expect(ControlRequest(parsing: Array(request.line.utf8)) == request)
        }
    }

    @Test func `the longest request is not too long`() {
        let network = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128"
        let longest = Self.filter(network, network, String(repeating: #"\xff"#, count: 64))
        #expect(ControlRequest.expectations(.json, longest).line.utf8.count <= ControlRequest.maximumSize)
    }

    @Test(arguments: [
        "connections text client=10.1.0.2 ", "connections text client=x",
        "connections text server=10.2.0.2 client=10.1.0.2",
        "connections text ", "connections text frob", "stats json user=x", "refusals", "status json",
        "disconnect 4294967296",
        "disconnect", "delete 1 user=x",
        "", " ", "expectations", "expectations ", "expectations xml", "expectations json ",
        " expectations json",
        "expectations  json", "Expectations json", "delete", "delete -1", "delete x",
        "delete 18446744073709551616",
        "connections xferlog", "flush all", "flush ", "events", "rules", "rules gone", "GET / HTTP/1.1",
        "stats json\r",
    ])
    func `any other line is no request`(_ line: String) {
        #expect(ControlRequest(parsing: Array(line.utf8)) == nil)
    }

    @Test func `bytes that are not UTF-8 are no request`() {
        #expect(ControlRequest(parsing: [0xff, 0x00, 0x20, 0xc3]) == nil)
    }
}
