// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Linux
import TestFiles
import Testing

@testable import PinholeDaemon

struct RulesLoadingTimeTests {
    @Test func `the time at which the rules were loaded is read by the next daemon`() throws {
        let directory = try TemporaryDirectory()
        let state = "\(directory.path)/control.state"
        #expect(RulesLoadingTime.read(besides: state) == nil)
        for nanoseconds: UInt64 in [1, .max] {
            RulesLoadingTime.write(besides: state, at: Instant(nanoseconds: nanoseconds))
            #expect(RulesLoadingTime.read(besides: state) == Instant(nanoseconds: nanoseconds))
        }
        #expect(try directory.files == ["control.state.rules"])
    }

    @Test(arguments: ["", "5 5\n", "BOOT", "BOOT x\n", "BOOT 1 2\n", "BOOT 18446744073709551616\n"])
    func `a time of another boot, and what is no time, is not believed`(text: String) throws {
        let directory = try TemporaryDirectory()
        let state = "\(directory.path)/control.state"
        let boot = StateFile.currentBoot.prefix { $0 != "\n" }
        try StatusFile.write(
            text.split(separator: "BOOT", omittingEmptySubsequences: false).joined(separator: String(boot)),
            to: "\(state).rules"
        )
        #expect(RulesLoadingTime.read(besides: state) == nil)
    }
}
