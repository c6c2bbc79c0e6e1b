// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Foundation
import FTPHelper
import Messages
import Netfilter
import PinholeDaemon
import Testing

@testable import Configuration

/// What the daemon makes of a configuration file and a command line.
@Suite struct ConfigurationTests {
    private func settings(_ text: String, _ words: String...) throws -> Settings {
        let arguments = try Arguments(parsing: words, for: DaemonCommand.self)
        return try Configuration(at: "FILE", arguments).settings(by: text)
    }

    /// The errors of a file, a line each.
    private func problems(_ text: String) throws -> [String] {
        do {
            _ = try settings(text)
            return []
        } catch let failure as UserError {
            return failure.all.map { "\($0.message): \($0.hint)" }
        }
    }

    private func rules(_ settings: Settings, _ server: String) throws -> Policy.Rules? {
        let address = IPAddress(parsing: Array(server.utf8).span)
        return settings.policy.servers.first { server in address.map(server.prefix.contains) ?? false }?.rules
    }

    @Test func `every key of the file has the same effect as its option`() throws {
        let settings = try settings(
            """
            # a comment
            ports = 21,2121
            queues = 7, 8
            socket=/run/other.sock   ; and another
            state = /run/other
            user = somebody
            timeout = 60
            loose = yes
            strict: yes
            allow-privileged-ports = yes
            active = no
            passive = no
            nat-ports = 2000-2999
            proxy-protocol = yes
            ftps = 10.2.0.2=49000-50000,fd02::/64=3000
            implicit-tls = 990,2990
            bypass-mark = 0x1000
            data-mark = 0x100/0x300
            bypass = yes
            synproxy = yes
            backend = nft
            max-connections = 1000
            max-client-connections = 10
            log-level = debug
            """.replacing("7, 8", with: "7,8")
        )
        #expect(settings.ports == [21, 2121])
        #expect(settings.queues == QueueNumbers(control: 7, data: 8, sessions: 9))
        #expect(settings.isBypassing && settings.sparesSynproxy && settings.backend == .nft)
        #expect(settings.socketPath == "/run/other.sock")
        #expect(settings.statePath == "/run/other")
        #expect(settings.user == "somebody")
        #expect(settings.policy.rules.timeout == 60)
        #expect(settings.policy.rules.honoured == .any)
        #expect(settings.policy.rules.isStrict)
        #expect(settings.policy.rules.allowsPrivilegedPorts)
        #expect(!settings.policy.rules.allowsActive)
        #expect(!settings.policy.rules.allowsPassive)
        #expect(settings.policy.rules.natPorts == 2000...2999)
        #expect(settings.policy.rules.trustsProxyHeader)
        #expect(try rules(settings, "10.2.0.2")?.ftpsPorts == 49000...50000)
        #expect(try rules(settings, "fd02::9")?.ftpsPorts == 3000...3000)
        #expect(settings.policy.implicitTLSPorts == [990, 2990])
        #expect(settings.bypassMark == ConnectionMark(value: 0x1000, mask: 0x1000))
        #expect(settings.dataMark?.applied(to: 0x22a) == 0x12a)
        #expect(settings.policy.maximumConnections == 1000)
        #expect(settings.policy.maximumClientConnections == 10)
        #expect(settings.logLevel == .debug)
    }

    @Test func `an empty file sets nothing, and the state is beside the socket`() throws {
        let settings = try settings("\n\n  \n# nothing\n", "--socket", "/tmp/a.sock")
        #expect(settings.policy.rules == Policy.Rules())
        #expect(settings.statePath == "/tmp/a.state")
        #expect(settings.policy.servers.isEmpty)
    }

    @Test func `the command line overrides the file, including server sections`() throws {
        let text = """
            timeout = 60
            strict = no
            [server 10.2.0.2]
            timeout = 30
            loose = yes
            """
        let plain = try settings(text)
        #expect(plain.policy.rules.timeout == 60)
        #expect(try rules(plain, "10.2.0.2")?.timeout == 30)
        let won = try settings(text, "--timeout", "10", "--strict")
        #expect(won.policy.rules.timeout == 10)
        #expect(won.policy.rules.isStrict)
        #expect(won.policy.rules.honoured == .none)
        let server = try #require(try rules(won, "10.2.0.2"))
        #expect(server.timeout == 10 && server.isStrict && server.honoured == .any)
    }

    @Test func `a server section overrides the general settings, in any order`()
        throws
    {
        let settings = try settings(
            """
            loose = yes
            timeout = 100
            [server 10.2.0.0/16]
            timeout = 50
            strict = yes
            [server 10.2.0.2]
            loose = no
            [server fd02::/64]
            strict = yes
            """
        )
        let near = try #require(try rules(settings, "10.2.0.2"))
        #expect(near.timeout == 100 && near.honoured == .none && !near.isStrict)
        let wide = try #require(try rules(settings, "10.2.9.9"))
        #expect(wide.timeout == 50 && wide.honoured == .any && wide.isStrict)
        #expect(try rules(settings, "fd02::9")?.isStrict == true)
        #expect(try rules(settings, "10.3.0.1") == nil)
        #expect(try rules(settings, "fd03::9") == nil)
    }

    @Test
    func `a server section sets the ports of encrypted sessions, and the option adds to it`()
        throws
    {
        let text = """
            [server 10.2.0.2]
            strict = yes
            ftps-ports = 49000-50000
            ftps-active = yes
            ftps-max = 3
            [server 10.2.0.0/16]
            loose = yes
            """
        let plain = try settings(text)
        let server = try #require(try rules(plain, "10.2.0.2"))
        #expect(
            server.ftpsPorts == 49000...50000 && server.allowsActiveFTPS && server.maximumFTPSConnections == 3
        )
        #expect(try rules(plain, "10.2.9.9")?.ftpsPorts == nil)
        #expect(plain.policy.opensForFTPS)
        #expect(try !settings("strict = yes").policy.opensForFTPS)
        let more = try settings(text, "--ftps", "10.2.0.2=2000-2001,10.2.0.3=3000")
        let changed = try #require(try rules(more, "10.2.0.2"))
        #expect(changed.ftpsPorts == 2000...2001 && changed.isStrict && changed.maximumFTPSConnections == 3)
        let added = try #require(try rules(more, "10.2.0.3"))
        #expect(added.ftpsPorts == 3000...3000 && added.honoured == .any)
        #expect(added.maximumFTPSConnections == 10)
        #expect(try settings("ftps = 10.2.0.2=2000", "--ftps", "none").policy.servers.isEmpty)
    }

    @Test(arguments: [
        ("ftps = 10.2.0.2", "is not SERVER=PORTS"), ("ftps = a=1024", "is not SERVER=PORTS"),
        ("ftps = 10.2.0.2=1023-1025", "not a range of ports"),
        ("ftps = 10.2.0.2=2000-1999", "not a range of ports"),
        ("ftps = 10.2.0.2=1-2-3", "not a range of ports"), ("ftps = 10.2.0.2=+2000", "not a range of ports"),
        ("ftps-ports = 2000", "only allowed in a server section"),
        ("[server 10.2.0.2]\nftps-ports = all", "not a range of ports"),
        ("[server 10.2.0.2]\nftps-max = 0", "out of range"), ("bypass-mark = 0/1", "0 is the mark"),
        ("ftps-mark = 0x1000", "ftps-mark was renamed to bypass-mark: write bypass-mark with the same value"),
        ("[server 10.2.0.2]\nftps = 10.2.0.2=2000", "not allowed in a server section"),
        ("implicit-tls = 0", "out of range"),
    ])
    func `an error in the settings of encrypted sessions is named`(text: String, problem: String) throws {
        let said = try problems(text)
        #expect(said.count == 1 && said[0].contains(problem), "\(said)")
    }

    /// What a wide network of servers is warned of.
    static let reach = "clients reach nearly every port of any such host that speaks TLS"
    static let arrival = "any such host that speaks TLS reaches its clients' ports from 1024 on"

    @Test(
        arguments: [
            ("[server 0.0.0.0/0]\nftps-ports = 1024-65535", [reach]),
            ("[server ::/0]\nftps-ports = 20000-60000\nftps-active = yes", [reach, arrival]),
            ("[server 10.0.0.0/15]\nftps-ports = 33000-65535", [reach]),
            ("[server 10.0.0.0/15]\nftps-ports = 49000-50000\nftps-active = yes", [arrival]),
            ("ftps = 10.0.0.0/8=1024-65535", [reach]),
            // Of one network, or few ports, or none at all.
            ("[server 10.2.0.0/16]\nftps-ports = 1024-65535\nftps-active = yes", []),
            ("[server fd02:1:2::/48]\nftps-ports = 1024-65535\nftps-active = yes", []),
            ("[server fd02:1::/47]\nftps-ports = 1024-65535", [reach]),
            ("[server 0.0.0.0/0]\nftps-ports = 49000-50000", []),
            ("[server 0.0.0.0/0]\nftps-active = yes", []), ("strict = yes", []),
        ] as [(String, [String])]
    )
    func `FTPS for any client and server is warned of`(text: String, reasons: [String])
        throws
    {
        let warnings = try settings(text).warnings
        #expect(warnings.count == reasons.count)
        for (warning, reason) in zip(warnings, reasons) {
            #expect(warning.message.hasPrefix("[server ") && warning.message.hasSuffix(": \(reason)"))
            #expect(warning.hint.contains("named") || warning.hint.contains("name the servers"))
        }
    }

    @Test func `every renamed option is a key under its new name`() {
        #expect(!Option.formerNames.isEmpty)
        for (formerName, name) in Option.formerNames {
            #expect(Key.all.contains { $0.name == name }, "\(name)")
            #expect(!Key.all.contains { $0.name == formerName }, "\(formerName)")
        }
    }

    /// The sample that is installed.
    private func sample() throws -> String {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        return try String(
            contentsOf: folder.appending(path: "../../dist/conf/pinhole.conf"),
            encoding: .utf8
        )
    }

    @Test func `the sample sets nothing, and its keys have the default values`() throws {
        let sample = try sample()
        let asIs = try settings(sample)
        #expect(asIs.policy.rules == Policy.Rules() && asIs.policy.servers.isEmpty)
        let general = sample.components(separatedBy: "#[server")[0]
        let lines = general.split(separator: "\n").filter { !$0.hasPrefix("# ") && $0.contains(" = ") }
        #expect(
            lines.map { $0.dropFirst().prefix { $0 != " " } } == Key.general.map { Substring($0.name) }
        )
        let inForce = try settings(lines.map { $0.dropFirst() }.joined(separator: "\n"))
        #expect(inForce.policy.rules == Policy.Rules())
        #expect(inForce.dataMark?.applied(to: 42) == 42)
        #expect(inForce.ftpsServers.isEmpty && inForce.policy.implicitTLSPorts.isEmpty)
        #expect(inForce.bypassMark == nil)
        #expect(inForce.policy.maximumConnections == asIs.policy.maximumConnections)
        #expect(inForce.socketPath == asIs.socketPath && inForce.statePath == asIs.statePath)
        #expect(inForce.queues == asIs.queues && inForce.ports == asIs.ports)
        #expect(inForce.backend == nil && !inForce.isBypassing && !inForce.sparesSynproxy)
        #expect(inForce.user == Settings.usualUser && inForce.logLevel == asIs.logLevel)
        let servers = sample.split(separator: "\n").drop { !$0.hasPrefix("#[server") }.map { $0.dropFirst() }
        #expect(try settings(servers.joined(separator: "\n")).policy.servers.count == 3)
    }
}
