// SPDX-License-Identifier: GPL-2.0-or-later
@testable import Netfilter
import Linux
import Testing

@Suite struct SystemErrorTests {
    @Test(arguments: [
        (28, "No space left on device"),
        (17, "File exists"),
        (4352, "the set is full"),
        (4107, "the set was created without timeouts"),
        (4102, "the set is of another type"),
    ]) func `an error says what was tried and why it failed`(code: Int32, reason: String) {
        #expect(SystemError("try it", answer: code).description == "try it: \(reason)")
    }

    @Test func `a number that nobody knows is named`() {
        #expect(SystemError("try it", code: 4999).description.contains("4999"))
    }
}
