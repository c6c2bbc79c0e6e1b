import FTPHelper
import Glibc
import Netfilter
import Testing

@Suite(.serialized) struct PinholeSetTests {
    /// A namespace with both sets, as the rules create them but for their size.
    private func namespace(maximum: Int = 65536, type: String = "hash:ip,port,ip") throws -> NetworkNamespace
    {
        let namespace = try NetworkNamespace()
        try namespace.run("ipset create pinhole4 \(type) family inet timeout 300 maxelem \(maximum)")
        try namespace.run("ipset create pinhole6 \(type) family inet6 timeout 300 maxelem \(maximum)")
        return namespace
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

    /// The members of a set as `ipset save` writes them, and the seconds that each has left.
    private func members(_ set: String, _ namespace: NetworkNamespace) throws -> [String: Int] {
        let lines = try namespace.run("ipset save \(set)").split(separator: "\n").map {
            $0.split(separator: " ")
        }
        let members = lines.filter { $0.first == "add" }.map { (String($0[2]), Int($0[4]) ?? 0) }
        return Dictionary(members) { first, _ in first }
    }

    @Test func `an expectation of either family is added and removed`() throws {
        let namespace = try namespace()
        var set = try namespace.enter { try PinholeSet.open() }
        try set.add(expectation(port: 5001), timeout: 250)
        try set.add(expectation6(port: 5002), timeout: 250)
        #expect(try members("pinhole4", namespace).keys.elementsEqual(["10.2.0.100,tcp:5001,10.2.0.2"]))
        #expect(try members("pinhole6", namespace).keys.elementsEqual(["fd01::2,tcp:5002,fd02::2"]))
        #expect(try members("pinhole4", namespace).values.allSatisfy { (240...250).contains($0) })
        try set.remove(expectation(port: 5001))
        try set.remove(expectation6(port: 5002))
        #expect(try members("pinhole4", namespace).isEmpty)
        #expect(try members("pinhole6", namespace).isEmpty)
    }

    @Test func `what is added twice lasts from the second time on`() throws {
        let namespace = try namespace()
        var set = try namespace.enter { try PinholeSet.open() }
        try set.add(expectation(port: 5001), timeout: 10)
        try set.add(expectation(port: 5001), timeout: 1000)
        let left = try members("pinhole4", namespace)["10.2.0.100,tcp:5001,10.2.0.2"]
        #expect((990...1000).contains(left ?? 0))
    }

    @Test func `removing what is not there is no error`() throws {
        let namespace = try namespace()
        var set = try namespace.enter { try PinholeSet.open() }
        try set.remove(expectation(port: 5001))
        try set.remove(expectation6(port: 5001))
    }

    @Test func `flush empties both sets`() throws {
        let namespace = try namespace()
        var set = try namespace.enter { try PinholeSet.open() }
        for port in 5001...5003 as ClosedRange<UInt16> {
            try set.add(expectation(port: port), timeout: 300)
            try set.add(expectation6(port: port), timeout: 300)
        }
        #expect(try members("pinhole4", namespace).count == 3)
        try set.flush()
        #expect(try members("pinhole4", namespace).isEmpty)
        #expect(try members("pinhole6", namespace).isEmpty)
    }

    @Test func `a set that is not there is said to be so, and has nothing to flush`() throws {
        let namespace = try NetworkNamespace()
        var set = try namespace.enter { try PinholeSet.open() }
        #expect(try !set.exists(.v4))
        #expect(try !set.exists(.v6))
        try set.flush()
        #expect(throws: SystemError("add to set pinhole4", code: ENOENT)) {
            try set.add(expectation(port: 5001), timeout: 300)
        }
        try namespace.run("ipset create pinhole6 hash:ip,port,ip family inet6 timeout 300")
        #expect(try !set.exists(.v4))
        #expect(try set.exists(.v6))
    }

    @Test func `a set of another type is not ours`() throws {
        let namespace = try namespace(type: "hash:ip,port")
        var set = try namespace.enter { try PinholeSet.open() }
        // IPSET_ERR_TYPE_MISMATCH
        #expect(throws: SystemError("look up set pinhole4", code: 4102)) { try set.exists(.v4) }
    }

    @Test func `a full set is reported`() throws {
        let namespace = try namespace(maximum: 2)
        var set = try namespace.enter { try PinholeSet.open() }
        // IPSET_ERR_HASH_FULL; a hash may grow a little beyond its maximum.
        #expect(throws: SystemError("add to set pinhole4", code: 4352)) {
            for port in 5001...5200 as ClosedRange<UInt16> {
                try set.add(expectation(port: port), timeout: 300)
            }
        }
    }

    @Test func `a set without timeouts is reported`() throws {
        let namespace = try NetworkNamespace()
        try namespace.run("ipset create pinhole4 hash:ip,port,ip family inet")
        var set = try namespace.enter { try PinholeSet.open() }
        // IPSET_ERR_TIMEOUT
        #expect(throws: SystemError("add to set pinhole4", code: 4107)) {
            try set.add(expectation(port: 5001), timeout: 300)
        }
    }
}
