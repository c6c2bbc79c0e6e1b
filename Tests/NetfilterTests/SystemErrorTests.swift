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
    ]) func `an error names the operation and the reason`(code: Int32, reason: String) {
        #expect(SystemError("try it", answer: code).description == "try it: \(reason)")
    }

    @Test func `an unknown error number is shown as a number`() {
        #expect(SystemError("try it", code: 4999).description.contains("4999"))
    }
}
