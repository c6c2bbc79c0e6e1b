// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Messages
import Testing

@testable import Configuration

/// The errors reported for a wrong configuration file.
struct ConfigurationErrorTests {
    /// The errors of a file, a line each.
    private func errors(_ text: String) -> [String] {
        do throws(UserError) {
            let arguments = try Arguments(parsing: [], for: DaemonCommand.self)
            _ = try Configuration(at: "FILE", arguments).settings(by: text)
            return []
        } catch {
            return error.all.map { "\($0.message): \($0.hint)" }
        }
    }

    private static let section = "write [server ADDRESS] or [server ADDRESS/LENGTH]"
    private static let serverKeys =
        "timeout, loose, strict, allow-privileged-ports, active, passive, nat-ports, proxy-protocol, ftps-ports, ftps-active, ftps-max"
    private static let long = String(repeating: "x", count: 10_000)

    @Test func `every error is reported with its line and the allowed values, in the order of the lines`()
        throws
    {
        let said = errors(
            """
            timeout = 0
            nonsense = 1
            loose = perhaps
            just words
            [server 10.2.0.1/16]
            strict = yes
            [server 10.2.0.2]
            queues = 1,2
            strict =
            strict = yes
            log-level = loud
            [daemon]
            timeout = 5
            """
        )
        let keys =
            "ports, queues, socket, state, peer-state, user, timeout, loose, strict, allow-privileged-ports, active, passive, nat-ports, proxy-protocol, ftps, implicit-tls, bypass-mark, data-mark, bypass, synproxy, backend, max-connections, max-client-connections, log-level, sync-local, sync-peer, sync-port, sync-key"
        let misplaced = "is not allowed in a server section: move it before the first section"
        #expect(
            said == [
                "FILE:1: timeout: 0 is out of range: give a number from 1 to 2147483",
                "FILE:2: unknown key 'nonsense': use one of \(keys)",
                "FILE:3: loose: 'perhaps' is neither yes, no nor an address: write yes, no, or addresses with commas between them",
                "FILE:4: this is neither a key with a value nor a section: write 'key = value', or a # before a comment",
                "FILE:5: '10.2.0.1/16' is not an address or a network: \(Self.section), without address bits after LENGTH",
                "FILE:8: queues \(misplaced)",
                "FILE:9: strict has no value: give it one, or remove the line",
                "FILE:10: strict is already set in line 9: remove one of the two lines",
                "FILE:11: log-level \(misplaced)",
                "FILE:12: unknown section 'daemon': \(Self.section)",
            ]
        )
    }

    @Test(arguments: [
        ("[nonsense]", "FILE:1: unknown section 'nonsense': \(section)"),
        ("\n[]\ntimeout = 0", "FILE:2: the section has no name: \(section)"),
        ("[ ]", "FILE:1: the section has no name: \(section)"),
        ("[server]", "FILE:1: a server section takes one address, not 0: \(section)"),
        ("[server 10.2.0.2 10.2.0.3]", "FILE:1: a server section takes one address, not 2: \(section)"),
        ("[server ftp.example.com]", "FILE:1: 'ftp.example.com' is not an address or a network: \(section)"),
        ("[server 10.2.0.2\nstrict = nonsense", "FILE:1: the section has no closing bracket: write [server"),
        (
            "[server 10.2.0.2] strict = yes",
            "FILE:1: there is text after the section's closing bracket: put it"
        ),
        ("[\(long)]", "FILE:1: unknown section '\(long.prefix(60))...': \(section)"),
        (
            "[server 10.2.0.2]\nstrict = yes\n[server 10.2.0.2/32]\nloose = yes",
            "FILE:3: this section already begins in line 1: move its keys there, or remove one of the two sections"
        ),
    ])
    func `a wrong section is reported once, at its own line`(_ text: String, _ error: String) throws {
        let said = errors(text)
        #expect(said.count == 1 && said[0].hasPrefix(error), "\(said)")
    }

    @Test(arguments: [
        ("timout = 5", "FILE:1: unknown key 'timout': did you mean timeout?"),
        ("log_level = info", "FILE:1: unknown key 'log_level': did you mean log-level?"),
        ("Strict = yes", "FILE:1: unknown key 'Strict': did you mean strict?"),
        ("max-client-connection = 5", "FILE:1: unknown key 'max-client-connection': did you mean max-client"),
        ("[server ::1]\nftps-port = 2000", "FILE:2: unknown key 'ftps-port': did you mean ftps-ports?"),
        ("[server ::1]\nqueue = 1", "FILE:2: unknown key 'queue': use one of \(serverKeys)"),
        ("config = /etc/other", "FILE:1: unknown key 'config': use one of ports, queues, "),
        ("x = 1", "FILE:1: unknown key 'x': use one of ports, queues, "),
        ("\(long) = 1", "FILE:1: unknown key '\(long.prefix(60))...': use one of ports, "),
        ("= 1", "FILE:1: there is no key before the equals sign: write 'key = value'"),
        (
            "ftps-max = 5",
            "FILE:1: ftps-max is only allowed in a server section: move it after a line [server ADDRESS]"
        ),
        (
            "[server ::1]\nuser = ftp",
            "FILE:2: user is not allowed in a server section: move it before the first section"
        ),
        ("timeout = 5\ntimeout = 6", "FILE:2: timeout is already set in line 1: remove one of the two lines"),
        (
            "[server ::1]\nloose = no\n\nloose = no",
            "FILE:4: loose is already set in line 2: remove one of the two lines"
        ),
    ])
    func `an unknown or misplaced key is reported with a suggestion`(
        _ text: String,
        _ error: String
    ) throws {
        let said = errors(text)
        #expect(said.count == 1 && said[0].hasPrefix(error), "\(said)")
    }

    @Test(arguments: [
        ("timeout = 2147484", "FILE:1: timeout: 2147484 is out of range: give a number from 1 to 2147483"),
        ("timeout = -1", "FILE:1: timeout: '-1' is not a number: give a number from 1 to 2147483"),
        (
            "max-connections = 1000001",
            "FILE:1: max-connections: 1000001 is out of range: give a number from 1 to"
        ),
        (
            "max-connections = 99999999999999999999",
            "FILE:1: max-connections: 99999999999999999999 is out of range: give a number from 1 to 1000000"
        ),
        (
            "[server ::1]\nftps-max = 1001",
            "FILE:2: ftps-max: 1001 is out of range: give a number from 1 to 1000"
        ),
        (
            "log-level = loud",
            "FILE:1: log-level: 'loud' is not one of its values: give error, warning, info or debug"
        ),
        ("queues = 5,5", "FILE:1: queues: 5 is given twice: give different numbers"),
        (
            "queues = 5",
            "FILE:1: queues: needs 2 or 3 numbers, not 1: give 2 or 3 numbers with commas between them"
        ),
        ("socket = run/x", "FILE:1: socket: 'run/x' does not begin with /: give an absolute path"),
        ("active = on", "FILE:1: active: 'on' is neither yes nor no: write yes or no"),
        (
            "nat-ports = 80-90",
            "FILE:1: nat-ports: '80-90' is not a range of ports: give FIRST-LAST, from 1024 to 65535"
        ),
        (
            "data-mark = 0x100/0xff",
            "FILE:1: data-mark: '0x100/0xff' is not a mark: give VALUE or VALUE/MASK, decimal or after 0x, without bits outside the mask"
        ),
        ("timeout = \(long)", "FILE:1: timeout: '\(long.prefix(60))...' is not a number: give"),
    ])
    func `a wrong value is reported with the allowed values`(_ text: String, _ error: String) throws {
        let said = errors(text)
        #expect(said.count == 1 && said[0].hasPrefix(error), "\(said)")
    }

    @Test func `a file that is not text is reported at its first wrong line`() throws {
        #expect(
            errors("timeout = 5\nuser = a\0b\n") == [
                "FILE:2: the line contains a control character: remove it; this must be a text file"
            ]
        )
        let said = errors("nonsense\n" + String(repeating: "#\n", count: 40_000))
        #expect(said == ["FILE: the file is too long: make it shorter than 65536 bytes"])
    }

    @Test func `a long line, Windows line ends and a byte order mark are accepted`() throws {
        #expect(errors("# \(Self.long)\nuser = \(Self.long)\n") == [])
        #expect(errors("\u{feff}timeout = 5\r\n[server ::1]\r\nstrict = yes\r\n") == [])
    }
}
