// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// The path of a transfer, which the directory makes absolute where it is known.
@Suite struct WorkingDirectoryTests {
    /// The path of a command after commands and replies, of which one is said after the other.
    private func path(of command: String, after lines: [String]) -> String? {
        var dialogue = Dialogue.ready(NATCase.all[0].mapping)
        for line in lines {
            let isReply = line.first?.isNumber ?? false
            dialogue.send(isReply ? .server : .client, "\(line)\r\n")
        }
        dialogue.send(.client, "EPSV\r\n")
        dialogue.send(.server, "229 ok (|||5001|)\r\n")
        dialogue.send(.client, "\(command)\r\n")
        return dialogue.tracker.transfers.first.map { String(decoding: $0.path, as: UTF8.self) }
    }

    @Test(arguments: [
        ([], "RETR a", "a"), ([], "RETR /x/a", "/x/a"), ([], "LIST", ""),
        (["CWD /pub", "250 ok"], "RETR a", "/pub/a"),
        (["XCWD /pub//x/./y/", "200 ok"], "STOR b/a", "/pub/x/y/b/a"),
        (["CWD /pub", "250 ok", "CWD x", "250 ok"], "RETR ../a", "/pub/a"),
        (["CWD /pub/x", "250 ok", "CDUP", "250 ok"], "LIST", "/pub"),
        (["CWD /", "250 ok", "CDUP", "200 ok"], "RETR a", "/a"),
        (["CWD /pub", "250 ok"], "LIST -la", "-la"), (["CWD /pub", "250 ok"], "RETR /a", "/a"),
        (["CWD /pub", "250 ok"], "STOU", ""), (["CWD /pub", "250 ok"], "RETR ~/a", "~/a"),
        (["CWD /pub", "250-Welcome", " to it", "250 ok"], "RETR a", "/pub/a"),
        (["CWD /pub", "550 no"], "RETR a", "a"),
        (["CWD /pub", "250 ok", "CWD x", "550 no"], "RETR a", "/pub/a"),
        (["CWD pub", "250 ok"], "RETR a", "a"),
        (["CWD /pub", "250 ok", "CWD ~joe", "250 ok"], "RETR a", "a"),
        (["PWD", #"257 "/home/joe" is it"#], "RETR a", "/home/joe/a"),
        (["PWD", #"257 "/a ""b"" c""#, "CWD d", "250 ok"], "RETR a", #"/a "b" c/d/a"#),
        (["CWD /pub", "250 ok", "PWD", #"257 "C:\x""#], "RETR a", "a"),
        (["CWD /pub", "250 ok", "PWD", "257 no path"], "RETR a", "a"),
        (["CWD /pub", "250 ok", "MKD x", #"257 "/other" made"#], "RETR a", "/pub/a"),
        (["CWD /pub", "CWD x", "250 ok", "250 ok"], "RETR a", "a"),
        (["CWD /pub", "CWD /x", "250 ok", "250 ok"], "RETR a", "/x/a"),
        (["CWD /pub", "250 ok", "USER x", "331 ok", "PASS x", "230 ok"], "RETR a", "a"),
    ])
    func `the directory is absolute where that can be known`(
        _ lines: [String],
        _ command: String,
        _ expected: String
    ) {
        #expect(path(of: command, after: lines) == expected)
    }

    @Test func `no path exceeds the limit`() {
        let long = "/" + String(repeating: "x", count: 254)
        #expect(path(of: "RETR a", after: ["CWD \(long)", "250 ok"]) == "a")
        #expect(path(of: "LIST", after: ["CWD \(long)", "250 ok"]) == long)
        #expect(path(of: "RETR a", after: ["CWD \(long)x", "250 ok"]) == "a")
        let quoted = String(repeating: #""""#, count: 255)
        #expect(path(of: "RETR a", after: ["PWD", "257 \"/\(quoted)\""]) == "a")
    }

    @Test func `after missed bytes the directory is unknown`() {
        var dialogue = Dialogue.ready(NATCase.all[0].mapping)
        dialogue.send(.client, "CWD /pub\r\n")
        dialogue.send(.server, "250 ok\r\n")
        dialogue.miss(.client, "CWD /x\r\n")
        dialogue.send(.server, "250 ok\r\n")
        dialogue.send(.client, "EPSV\r\n")
        dialogue.send(.server, "229 ok (|||5001|)\r\n")
        dialogue.send(.client, "RETR a\r\n")
        #expect(dialogue.tracker.transfers.map { String(decoding: $0.path, as: UTF8.self) } == ["a"])
    }
}
