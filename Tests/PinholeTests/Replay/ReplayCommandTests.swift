// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Linux
import Testing

@Suite struct ReplayCommandTests {
    private static func hex(_ lines: String...) -> [UInt8] {
        let digits = Array(lines.joined().filter { $0 != " " })
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
    }

    /// The header of a pcap file, with microseconds, of bare IP packets (101).
    private static let header = hex("d4c3b2a1 0200 0400 00000000 00000000 ffff0000", "65000000")

    /// A PORT from the client of a connection under way, at 1000.5.
    private static let port =
        hex(
            "e8030000 20a10700 3e000000 3e000000",
            "45 00 003e 0000 4000 40 06 0000 0a010002 0a020002",  // from 10.1.0.2 to 10.2.0.2
            "9cb0 0015 000003e8 00001388 50 10 ffff 0000 0000"  // from 40112 to 21, ACK
        ) + Array("PORT 10,1,0,2,19,137\r\n".utf8)

    /// The SYN that it announces, a second later.
    private static let data = hex(
        "e9030000 20a10700 28000000 28000000",
        "45 00 0028 0000 4000 40 06 0000 0a020002 0a010002",  // from 10.2.0.2 to 10.1.0.2
        "0014 1389 00000007 00000000 50 02 ffff 0000 0000"  // from 20 to 5001, SYN
    )

    private static let connectionLine =
        "1970-01-01T00:16:40.500Z connection frame=1 state=ready client=10.1.0.2:40112 server=10.2.0.2:21 adopted=yes "
        + "user=\"\" edits=0 opened=0 used=0 refused=0\n"
    private static let expectationLine =
        "1970-01-01T00:16:40.500Z expectation frame=1 id=1 kind=PORT client=10.1.0.2:40112 server=10.2.0.2:21 from=10.2.0.2 "
        + "to=10.1.0.2:5001\n"
    private static let dataLine =
        "1970-01-01T00:16:41.500Z data frame=2 id=1 kind=PORT client=10.1.0.2:40112 server=10.2.0.2:21 from=10.2.0.2:20 "
        + "to=10.1.0.2:5001\n"

    /// Replays a file of these bytes; its name in the output becomes `FILE`.
    private func replay(_ bytes: [UInt8], _ options: String...) throws -> (Int32, String, String) {
        let url = FileManager.default.temporaryDirectory.appending(path: "pinhole-\(UUID().uuidString).pcap")
        try Data(bytes).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        let child = try ChildProcess.run(Program.path, ["replay"] + options + [url.path])
        return (child.status, child.output, child.errors.replacingOccurrences(of: url.path, with: "FILE"))
    }

    @Test func `the events of a capture are printed as lines`() throws {
        let (status, output, errors) = try replay(Self.header + Self.port + Self.data)
        #expect(errors == "")
        #expect(status == 0)
        #expect(output == Self.connectionLine + Self.expectationLine + Self.dataLine)
    }

    @Test func `JSON has one object per line`() throws {
        let (status, output, errors) = try replay(Self.header + Self.port + Self.data, "--json")
        #expect(errors == "")
        #expect(status == 0)
        let lines = output.split(separator: "\n")
        #expect(lines.count == 3)
        let data = [
            #""time":1001.5,"frame":2,"event":"data","id":1,"kind":"PORT""#,
            #""master":{"client":"10.1.0.2:40112","server":"10.2.0.2:21"}"#,
            #""from":"10.2.0.2:20","to":"10.1.0.2:5001""#,
            #""translated":{"from":"10.2.0.2","to":"10.1.0.2:5001"},"expires_in":299.0"#,
        ]
        #expect(lines.last == "{\(data.joined(separator: ","))}")
    }

    @Test func `the given ports replace the default one`() throws {
        let file = Self.header + Self.port
        #expect(try replay(file, "--ports", "2121").1 == "")
        #expect(try replay(file, "--ports", "2121,21").1 == Self.connectionLine + Self.expectationLine)
        // A PORT alone is no proof.
        #expect(try replay(file, "--any-port").1 == "")
    }

    @Test func `a truncated capture gives its events, then one line and status 1`() throws {
        let (status, output, errors) = try replay(Self.header + Self.port + Self.data.dropLast())
        #expect(status == 1)
        #expect(output == Self.connectionLine + Self.expectationLine)
        #expect(errors.hasPrefix("pinhole: FILE breaks off after frame 1: "))
        #expect(errors.hasSuffix(": the events before that are shown; get the whole capture\n"))
        #expect(errors.count { $0 == "\n" } == 1)
    }

    @Test func `a capture without a control connection at the ports has a hint about other ports`() throws {
        let (status, output, errors) = try replay(Self.header + Self.port, "--ports", "2121,990")
        #expect(status == 0)
        #expect(output == "")
        #expect(
            errors
                == "pinhole: the capture has no control connection at port 2121, 990: look at all with --any-port\n"
        )
        #expect(try replay(Self.header + Self.port, "--any-port").2 == "")
    }

    @Test func `a capture may come from standard input`() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "pinhole-\(UUID().uuidString).pcap")
        try Data(Self.header + Self.port).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        let child = try ChildProcess.run("sh", ["-c", #"cat "$1" | "$0" replay -"#, Program.path, url.path])
        #expect(child.errors == "")
        #expect(child.output == Self.connectionLine + Self.expectationLine)
    }

    @Test func `an empty capture has no events`() throws {
        #expect(try replay(Self.header, "--any-port") == (0, "", ""))
    }

    @Test func `a file that is no capture is reported in one line with status 1`() throws {
        let (status, output, errors) = try replay(Array("no capture, but long enough for a header".utf8))
        #expect(status == 1)
        #expect(output == "")
        #expect(
            errors
                == "pinhole: FILE is not a capture file: unknown file format: give a capture, pcap or pcapng\n"
        )
    }

    @Test func `a missing file is reported in one line with status 1`() throws {
        let child = try Program.run("replay", "/nowhere/x.pcap")
        #expect(child.status == 1)
        #expect(child.output == "")
        #expect(
            child.errors
                == "pinhole: open /nowhere/x.pcap: No such file or directory: give a capture, pcap or pcapng\n"
        )
    }

    @Test func `an unsupported link type is named`() throws {
        var header = Self.header
        header[20] = 105
        let (status, output, errors) = try replay(header + Self.port)
        #expect(status == 1)
        #expect(output == "")
        #expect(errors.hasPrefix("pinhole: FILE has frames of link type IEEE802_11 (105): "))
    }

    @Test(arguments: [
        (["replay"], "FILE is missing: see pinhole replay --help"),
        (["replay", "a", "b"], "unexpected operand 'b': see pinhole replay --help"),
        (
            ["replay", "--any-port", "--ports", "21", "x"],
            "--ports and --any-port exclude each other: see pinhole replay --help"
        ),
        (["replay", "--ports", "0", "x"], "--ports: 0 is out of range: give a number from 1 to 65535"),
    ])
    func `a wrong command line is reported in one line with status 64`(
        _ arguments: [String],
        _ complaint: String
    ) throws {
        let child = try ChildProcess.run(Program.path, arguments)
        #expect(child.status == 64)
        #expect(child.output == "")
        #expect(child.errors == "pinhole: \(complaint)\n")
    }
}
