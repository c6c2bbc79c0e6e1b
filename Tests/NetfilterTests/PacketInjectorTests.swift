// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Linux
import Netfilter
import Testing

@Suite(.serialized) struct PacketInjectorTests {
    private let namespace: NetworkNamespace

    init() throws {
        namespace = try NetworkNamespace()
        try namespace.run("iptables -w -A INPUT -s 127.7.7.7 -d 127.0.0.1 -p udp --dport 5001 -j DROP")
        try namespace.run("ip6tables -w -A INPUT -s ::1 -d ::1 -p udp --dport 5001 -j DROP")
    }

    /// The packet counter of the only rule in INPUT.
    private func seen(by iptables: String) throws -> Int? {
        let lines = try namespace.run("\(iptables) -w -nvxL INPUT").split(separator: "\n")
        return try #require(lines.last).split(separator: " ").first.flatMap { Int($0) }
    }

    private let v4 = hex(
        "45 00 001d 0000 0000 40 11 0000 7f070707 7f000001",  // from 127.7.7.7, which is nobody's socket
        "0007 1389 0009 0000 61"
    )
    private let v6 = hex(
        "60000000 0009 11 40",
        "00000000 00000000 00000000 00000001",
        "00000000 00000000 00000000 00000001",
        "0007 1389 0009 8a4a 61"
    )

    @Test func `a packet of either protocol is sent with its own header`() throws {
        var injector = try namespace.enter { try PacketInjector.open() }
        try injector.send(v4)
        #expect(try seen(by: "iptables") == 1)
        try injector.send(v6)
        #expect(try seen(by: "ip6tables") == 1)
    }

    @Test func `a packet has the mark that was asked for, and the next one has its own`() throws {
        try namespace.run("iptables -w -I INPUT -m mark ! --mark 0x2 -j RETURN")
        try namespace.run("ip6tables -w -I INPUT -m mark ! --mark 0x3 -j RETURN")
        var injector = try namespace.enter { try PacketInjector.open() }
        for (count, mark) in [(1, 2), (1, 0), (2, 2)] as [(Int, UInt32)] {
            try injector.send(v4, mark: mark)
            #expect(try seen(by: "iptables") == count)
        }
        try injector.send(v6)
        #expect(try seen(by: "ip6tables") == 0)
        try injector.send(v6, mark: 3)
        #expect(try seen(by: "ip6tables") == 1)
    }

    @Test func `bytes that are no packet are refused`() throws {
        var injector = try namespace.enter { try PacketInjector.open() }
        let truncated = [v4.prefix(0), v4.prefix(1), v4.prefix(19), v6.prefix(39)].map { Array($0) }
        for packet in truncated + [[0x55] + v4.dropFirst()] {
            #expect(throws: SystemError("send a packet", code: EINVAL)) { try injector.send(packet) }
        }
    }
}
