// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import Netfilter
import Testing

@Suite(.serialized) struct PinholeSetTests {
    private let namespace: NetworkNamespace

    init() throws { namespace = try NetworkNamespace() }

    private func open(_ backend: PinholeSet.Backend) throws -> PinholeSet {
        try namespace.enter { try PinholeSet.open(backend) }
    }

    private func expectation(port: UInt16) -> FTPHelper.Expectation {
        Sample.expectation(
            master: Sample.control,
            from: Sample.server,
            to: Endpoint(Sample.publicClient, port)
        )
    }

    private func expectation6(port: UInt16) -> FTPHelper.Expectation {
        Sample.expectation(
            master: Sample.control6,
            from: Sample.server6,
            to: Endpoint(Sample.client6, port)
        )
    }

    @Test(arguments: PinholeSet.Backend.allCases)
    func `an expectation of either family is added and removed`(_ backend: PinholeSet.Backend) throws {
        try namespace.createSets(of: backend)
        var set = try open(backend)
        try set.add(expectation(port: 5001), timeout: 250)
        try set.add(expectation6(port: 5002), timeout: 250)
        #expect(try namespace.members(of: .v4, backend).keys.elementsEqual(["10.2.0.100 5001 10.2.0.2"]))
        #expect(try namespace.members(of: .v6, backend).keys.elementsEqual(["fd01::2 5002 fd02::2"]))
        #expect(try namespace.members(of: .v4, backend).values.allSatisfy { (240...250).contains($0) })
        try set.remove(expectation(port: 5001))
        try set.remove(expectation6(port: 5002))
        #expect(try namespace.members(of: .v4, backend).isEmpty)
        #expect(try namespace.members(of: .v6, backend).isEmpty)
    }

    @Test(arguments: PinholeSet.Backend.allCases)
    func `adding twice restarts the timeout`(_ backend: PinholeSet.Backend) throws {
        try namespace.createSets(of: backend)
        var set = try open(backend)
        for (first, second) in [(10, 1000), (1000, 10)] as [(UInt32, UInt32)] {
            try set.add(expectation(port: 5001), timeout: first)
            try set.add(expectation(port: 5001), timeout: second)
            let left = try namespace.members(of: .v4, backend)["10.2.0.100 5001 10.2.0.2"]
            #expect((Int(second) - 9...Int(second)).contains(left ?? 0))
        }
    }

    @Test(arguments: PinholeSet.Backend.allCases)
    func `a member expires at its timeout`(_ backend: PinholeSet.Backend) throws {
        try namespace.createSets(of: backend)
        var set = try open(backend)
        try set.add(expectation(port: 5001), timeout: 1)
        try eventually {
            guard try namespace.members(of: .v4, backend).isEmpty else {
                throw SystemError("wait", code: ETIME)
            }
        }
        try set.add(expectation(port: 5001), timeout: 1000)
        #expect(try namespace.members(of: .v4, backend).count == 1)
    }

    /// Scripts that empty a set, or put other members into it, without the program.
    private static let emptyings = [
        "ipset flush", "ipset flush pinhole4",
        "ipset create other hash:ip,port,ip timeout 300; ipset swap pinhole4 other",
        "ipset destroy pinhole4; ipset create pinhole4 hash:ip,port,ip timeout 300",
        "ipset flush; ipset add pinhole4 10.2.0.100,tcp:5001,10.2.0.2",
    ]

    /// What the set says now: whether members are gone, and whether it knows a newest one.
    private func state(of set: inout PinholeSet) throws -> (hasLost: Bool, hasNewest: Bool) {
        let hasLost = try set.haveLostMembers(at: Clock.now())
        return (hasLost, set.hasNewest)
    }

    @Test(arguments: emptyings)
    func `a set that others have emptied lacks its newest member`(script: String) throws {
        try namespace.createSets(of: .iptables)
        var set = try open(.iptables)
        #expect(try state(of: &set) == (false, false))
        try set.add(expectation(port: 5001), timeout: 250)
        try set.add(expectation6(port: 5001), timeout: 250)
        try set.add(expectation(port: 5002), timeout: 250)
        #expect(try state(of: &set) == (false, true))
        try namespace.run("sh -e", input: script)
        #expect(try state(of: &set) == (true, false))
        #expect(try state(of: &set) == (false, false), "it is told once")
    }

    @Test func `a member that was removed or has expired is not missed`() throws {
        try namespace.createSets(of: .iptables)
        var set = try open(.iptables)
        try set.add(expectation(port: 5001), timeout: 250)
        try set.add(expectation(port: 5002), timeout: 250)
        try set.remove(expectation(port: 5001))
        #expect(try state(of: &set) == (false, true), "another one is newer")
        try set.remove(expectation(port: 5002))
        #expect(try state(of: &set) == (false, false))
        try set.add(expectation(port: 5003), timeout: 1)
        try namespace.run("ipset flush")
        #expect(try state(of: &set) == (false, false))
    }

    @Test func `encrypted sessions are missed, too, but not where there is no set`() throws {
        try namespace.createSets(of: .iptables)
        try namespace.run("ipset create pinhole4-sessions hash:ip")
        var set = try open(.iptables)
        try set.queueSYNs(from: Sample.server)
        #expect(try state(of: &set) == (false, true))
        try namespace.run("ipset flush")
        #expect(try state(of: &set) == (true, false))
        try set.queueSYNs(from: Sample.server)
        try namespace.run("ipset destroy")
        #expect(try state(of: &set) == (false, true), "others notice that a set is missing")
    }

    @Test(arguments: PinholeSet.Backend.allCases)
    func `removing a missing member is not an error`(_ backend: PinholeSet.Backend) throws {
        try namespace.createSets(of: backend)
        var set = try open(backend)
        try set.remove(expectation(port: 5001))
        try set.remove(expectation6(port: 5001))
    }

    @Test(arguments: PinholeSet.Backend.allCases)
    func `flush empties both sets`(_ backend: PinholeSet.Backend) throws {
        try namespace.createSets(of: backend)
        var set = try open(backend)
        for port in 5001...5003 as ClosedRange<UInt16> {
            try set.add(expectation(port: port), timeout: 300)
            try set.add(expectation6(port: port), timeout: 300)
        }
        #expect(try namespace.members(of: .v4, backend).count == 3)
        try set.flush()
        #expect(try namespace.members(of: .v4, backend).isEmpty)
        #expect(try namespace.members(of: .v6, backend).isEmpty)
    }

    @Test(arguments: PinholeSet.Backend.allCases)
    func `a missing set is reported and has nothing to flush`(_ backend: PinholeSet.Backend)
        throws
    {
        var set = try open(backend)
        #expect(try !set.exists(.v4))
        #expect(try !set.exists(.v6))
        try set.flush()
        #expect(throws: SystemError("add to set pinhole4", code: ENOENT)) {
            try set.add(expectation(port: 5001), timeout: 300)
        }
        try namespace.createSets(of: backend)
        switch backend {
        case .nft: try namespace.run("nft delete set inet pinhole pinhole4")
        case .iptables: try namespace.run("ipset destroy pinhole4")
        }
        #expect(try !set.exists(.v4))
        #expect(try set.exists(.v6))
    }

    @Test(arguments: PinholeSet.Backend.allCases)
    func `the address of an encrypted session stays in the set until it is removed`(
        _ backend: PinholeSet.Backend
    ) throws {
        let (create, test): (String, String)
        switch backend {
        case .nft:
            create = "nft add set inet pinhole pinhole6-sessions {type ipv6_addr;}"
            test = "nft get element inet pinhole pinhole6-sessions {fd01::2}"
        case .iptables:
            create = "ipset create pinhole6-sessions hash:ip family inet6"
            test = "ipset test pinhole6-sessions fd01::2"
        }
        try namespace.createSets(of: backend)
        var set = try open(backend)
        try set.stopQueueingSYNs(from: Sample.client6)
        #expect(try !set.sessionsExist(.v6))
        #expect(throws: SystemError("add to set pinhole6-sessions", code: ENOENT)) {
            try set.queueSYNs(from: Sample.client6)
        }
        try namespace.run(create)
        #expect(try set.sessionsExist(.v6) && !set.sessionsExist(.v4))
        for _ in 0..<2 { try set.queueSYNs(from: Sample.client6) }
        try namespace.run(test)
        for _ in 0..<2 { try set.stopQueueingSYNs(from: Sample.client6) }
        #expect(throws: SystemError.self) { try namespace.run(test) }
        try set.queueSYNs(from: Sample.client6)
        try set.flush()
        #expect(throws: SystemError.self) { try namespace.run(test) }
    }

    @Test func `a set of another type is refused`() throws {
        try namespace.run("ipset create pinhole4 hash:ip,port family inet timeout 300")
        var set = try open(.iptables)
        // IPSET_ERR_TYPE_MISMATCH
        #expect(throws: SystemError("look up set pinhole4", code: 4102)) { try set.exists(.v4) }
    }

    @Test(arguments: [
        ("ipv4_addr . inet_service . ipv4_addr", "size 10"), ("ipv4_addr", "flags timeout"),
        ("inet_service . ipv4_addr . ipv4_addr", "flags timeout"),
        ("ipv6_addr . inet_service . ipv6_addr", "flags timeout"),
    ])
    func `a set of nftables with other keys or without timeouts is refused`(
        _ type: String,
        _ flags: String
    ) throws {
        try namespace.createTable(type: type, flags: flags)
        var set = try open(.nft)
        #expect(throws: SystemError("look up set pinhole4", code: 4102)) { try set.exists(.v4) }
    }

    @Test func `a full set is reported`() throws {
        try namespace.run("ipset create pinhole4 hash:ip,port,ip family inet timeout 300 maxelem 2")
        var set = try open(.iptables)
        // IPSET_ERR_HASH_FULL; a hash can slightly exceed its maximum.
        #expect(throws: SystemError("add to set pinhole4", code: 4352)) {
            for port in 5001...5200 as ClosedRange<UInt16> {
                try set.add(expectation(port: port), timeout: 300)
            }
        }
    }

    @Test func `a full set of nftables is reported`() throws {
        try namespace.createTable(flags: "flags timeout; size 2")
        var set = try open(.nft)
        try set.add(expectation(port: 5001), timeout: 300)
        try set.add(expectation(port: 5002), timeout: 300)
        #expect(throws: SystemError("add to set pinhole4", code: ENFILE)) {
            try set.add(expectation(port: 5003), timeout: 300)
        }
        #expect(try namespace.members(of: .v4, .nft).count == 2)
    }

    @Test func `a set without timeouts is reported`() throws {
        try namespace.run("ipset create pinhole4 hash:ip,port,ip family inet")
        var set = try open(.iptables)
        // IPSET_ERR_TIMEOUT
        #expect(throws: SystemError("add to set pinhole4", code: 4107)) {
            try set.add(expectation(port: 5001), timeout: 300)
        }
    }
}
