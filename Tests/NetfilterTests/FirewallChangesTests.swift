// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import Netfilter
import Testing

/// Notifications of changes of nftables, in a network namespace.
@Suite struct FirewallChangesTests {
    private let namespace: NetworkNamespace

    init() throws {
        namespace = try NetworkNamespace()
        try nft("add table inet other")
    }

    /// Performs commands of nft(8) as one transaction, and returns the id of its process.
    @discardableResult
    private func nft(_ commands: String) throws -> String {
        let child = try namespace.enter {
            try ChildProcess.run("sh", ["-c", "echo $$; exec nft -f -"], input: commands)
        }
        guard child.status == 0 else { throw SystemError(child.errors, code: child.status) }
        return "nft, process \(child.output.prefix { $0 != "\n" })"
    }

    private func open() throws -> FirewallChanges { try namespace.enter { try FirewallChanges.open() } }

    /// Returns the process that has changed one of our tables, if there is one.
    private func author(_ changes: inout FirewallChanges, exceptMembersBy daemon: String = "nft") throws
        -> String?
    {
        try changes.next(about: ["inet pinhole", "ip6 pinhole"], exceptMembersBy: daemon)?.author
    }

    @Test func `the process that changes one of the tables is named once`() throws {
        var changes = try open()
        #expect(try author(&changes) == nil)
        for commands in [
            "add table inet pinhole", "add set inet pinhole s { type ipv4_addr; }",
            "add chain inet pinhole c; add rule inet pinhole c accept", "flush table inet pinhole",
            "delete table inet pinhole", "add table ip6 pinhole",
        ] {
            let process = try nft(commands)
            #expect(try author(&changes) == process, "\(commands)")
            #expect(try author(&changes) == nil)
        }
    }

    @Test func `members of sets count only if another program than the daemon changes them`() throws {
        try nft("add table inet pinhole; add set inet pinhole s { type ipv4_addr; }; add table ip pinhole")
        try nft("add set ip pinhole s { type ipv4_addr; }")
        var changes = try open()
        for commands in ["add element inet pinhole s { 10.1.0.2 }", "flush set inet pinhole s"] {
            let process = try nft(commands)
            #expect(try author(&changes, exceptMembersBy: "pinholed") == process, "\(commands)")
            try nft(commands)
            #expect(try author(&changes) == nil, "\(commands)")
        }
        try nft("add element ip pinhole s { 10.1.0.2 }")
        #expect(try author(&changes, exceptMembersBy: "pinholed") == nil)
    }

    @Test func `changes of other tables and of members of sets are ignored`() throws {
        try nft("add table inet pinhole; add set inet pinhole s { type ipv4_addr; }")
        var changes = try open()
        for commands in [
            "add table inet pinholes", "add table ip pinhole", "add table arp pinhole",
            "delete table inet other",
            "add element inet pinhole s { 10.1.0.2 }", "delete element inet pinhole s { 10.1.0.2 }",
        ] {
            try nft(commands)
            #expect(try author(&changes) == nil, "\(commands)")
        }
    }

    @Test func `the last relevant transaction is reported among others`() throws {
        var changes = try open()
        try nft("add table inet pinhole")
        let last = try nft("add table inet more; delete table inet pinhole; add table inet most")
        try nft("add table inet another")
        #expect(try author(&changes) == last)
    }
}
