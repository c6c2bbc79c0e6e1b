// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Glibc
import Testing

@testable import Linux

/// What a thread of the test's own may do, which goes with the thread.
@Suite(.enabled(if: geteuid() == 0, "only root has something to give up")) struct CapabilitiesTests {
    /// What `body` returns on a thread of its own.
    private func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value
    {
        let outcome = Outcome<Value>()
        Thread {
            outcome.result = Result { try body() }
            outcome.done.signal()
        }.start()
        outcome.done.wait()
        return try #require(outcome.result).get()
    }

    private final class Outcome<Value>: @unchecked Sendable {
        let done = DispatchSemaphore(value: 0)
        var result: Result<Value, any Error>?
    }

    /// A set of this thread as the kernel shows it: `CapEff`, `CapPrm` or `CapBnd`.
    private static func set(_ name: String) throws -> UInt64? {
        let lines = try TextFile.read("/proc/thread-self/status").split(separator: "\n")
        let line = lines.first { $0.hasPrefix("\(name):\t") }
        return line.flatMap { UInt64($0.dropFirst(name.count + 2), radix: 16) }
    }

    @Test func `only the kept capability remains, and it can be kept again`() throws {
        try onOwnThread {
            #expect(Capabilities.contain(.networkAdministration) && Capabilities.contain(.rawSockets))
            for _ in 1...2 {
                try Capabilities.keep(only: .rawSockets)
                #expect(Capabilities.contain(.rawSockets) && !Capabilities.contain(.networkAdministration))
                for name in ["CapEff", "CapPrm"] {
                    #expect(try Self.set(name) == Capabilities.Capability.rawSockets.bit)
                }
            }
        }
    }

    @Test func `a dropped capability cannot be regained`() throws {
        try onOwnThread {
            try Capabilities.keep(only: .networkAdministration)
            let error = #expect(throws: SystemError.self) { try Capabilities.keep(only: .rawSockets) }
            #expect(error == SystemError("give up capabilities", code: EPERM))
            #expect(Capabilities.contain(.networkAdministration) && !Capabilities.contain(.rawSockets))
        }
    }

    @Test func `programs started later cannot gain capabilities, if this process may prevent it`()
        throws
    {
        try onOwnThread {
            try Capabilities.emptyBoundingSet()
            #expect(try Self.set("CapBnd") == 0)
        }
        try onOwnThread {
            let former = try Self.set("CapBnd")
            try Capabilities.keep(only: .networkAdministration)
            try Capabilities.emptyBoundingSet()
            #expect(try Self.set("CapBnd") == former && former != 0)
        }
    }
}
