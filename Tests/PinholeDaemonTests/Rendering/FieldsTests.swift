// SPDX-License-Identifier: GPL-2.0-or-later
import PinholeDaemon
import Testing

@Suite struct FieldsTests {
    @Test(arguments: [
        ("word", "key=word"),
        ("", #"key="""#),
        ("two words", #"key="two words""#),
        ("a=b", #"key="a=b""#),
        (#"say "hi""#, #"key="say \"hi\"""#),
        (#"\x5c"#, #"key=\x5c"#),
    ])
    func `a value is quoted where it would be ambiguous`(_ value: String, _ text: String) {
        var fields = Fields()
        fields.add("key", value)
        #expect(fields.text == text)
    }

    @Test func `pairs keep their order`() {
        var fields = Fields()
        fields.add("b", 1)
        fields.add("a", 2)
        #expect(fields.text == "b=1 a=2")
    }
}
