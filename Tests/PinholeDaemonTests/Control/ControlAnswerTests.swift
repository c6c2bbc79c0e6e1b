// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import PinholeDaemon
import Testing

@Suite struct ControlAnswerTests {
    private func text(_ answer: ControlAnswer) -> String? {
        guard case .pieces(let next) = answer else { return nil }
        var text = ""
        while let piece = next() { text += piece }
        // A source that is at its end stays there.
        #expect(next() == nil)
        return text
    }

    @Test(arguments: [([], "[]\n"), ([1], "[1]\n"), ([1, 2, 3], "[1,\n2,\n3]\n")])
    func `a list as JSON is an array with a line for each element`(_ elements: [Int], _ expected: String) {
        #expect(text(.list(elements, .json) { "\($0)" }) == expected)
    }

    @Test(arguments: [([], ""), ([1], "1\n"), ([1, 2, 3], "1\n2\n3\n")])
    func `a list as text has a line for each element`(_ elements: [Int], _ expected: String) {
        #expect(text(.list(elements, .text) { "\($0)" }) == expected)
    }

    @Test func `a whole answer comes once`() {
        #expect(text(.whole("abc")) == "abc")
    }
}
