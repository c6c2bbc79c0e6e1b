// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Testing

@testable import Linux

/// What is left to a process that has entered the sandbox.
@Suite(.enabled(if: geteuid() == 0, "only root has something to give up")) struct SandboxTests {
    /// The lines of a status file of the kernel, by their names.
    private static func lines(_ text: String) -> [Substring: Substring] {
        let pairs = text.split(separator: "\n").map { $0.split(separator: "\t", maxSplits: 1) }
        return Dictionary(pairs.filter { $0.count == 2 }.map { ($0[0], $0[1]) }, uniquingKeysWith: { $1 })
    }

    @Test func `it has one capability, opens no file, and dies of crashes at once`() async {
        await #expect(processExitsWith: .success) {
            signal(SIGABRT) { _ in }
            let file = try TextFile.open("/proc/thread-self/status")
            let null = FileIdentity(ofFileAt: "/dev/null")
            let before = Self.lines(try file.text())
            try #require(null != nil && before["NoNewPrivs:"] == "0")
            let handled = try #require(before["SigCgt:"].flatMap { UInt64($0, radix: 16) })
            try #require(handled & 1 << UInt64(SIGABRT - 1) != 0)

            let isFiltered = try Sandbox.enter(as: nil)
            let after = Self.lines(try file.text())
            try #require(isFiltered == (after["Seccomp:"] == "2"))
            try #require(after["NoNewPrivs:"] == "1")
            for name in ["CapEff:", "CapPrm:"] { try #require(after[Substring(name)] == "0000000000001000") }
            try #require(after["CapBnd:"] == "0000000000000000")
            let stillHandled = try #require(after["SigCgt:"].flatMap { UInt64($0, radix: 16) })
            try #require(stillHandled & 1 << UInt64(SIGABRT - 1) == 0)
            let error = #expect(throws: SystemError.self) { _ = try TextFile.open("/dev/null") }
            try #require(error?.code == EPERM)
        }
    }

    @Test(.enabled(if: (try? Account(named: "nobody")) != nil, "there is nobody else"))
    func `it is somebody else, and has the capability nonetheless`() async {
        await #expect(processExitsWith: .success) {
            let account = try #require(try Account(named: "nobody"))
            try #require(account.user != 0 && account.name == "nobody")
            let file = try TextFile.open("/proc/thread-self/status")
            _ = try Sandbox.enter(as: account)
            let after = Self.lines(try file.text())
            let (user, group) = ("\(account.user)", "\(account.group)")
            try #require(after["Uid:"] == "\(user)\t\(user)\t\(user)\t\(user)")
            try #require(after["Gid:"] == "\(group)\t\(group)\t\(group)\t\(group)")
            try #require(after["CapEff:"] == "0000000000001000")
        }
    }

    @Test func `a user that does not exist is none`() throws {
        #expect(try Account(named: "pinhole-no-such-user") == nil)
        let root = try #require(try Account(named: "root"))
        #expect(root.user == 0 && root.group == 0)
    }
}
