// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
package import Messages
package import Netfilter

/// A value from the command line or from the configuration file.
package struct GivenValue: Hashable, Sendable {
    package enum Origin: Hashable, Sendable {
        case commandLine, file
    }

    package let text: String
    /// The option, operand or key that it was given for, as messages name it: `--timeout`, `timeout`.
    package let name: String
    package let origin: Origin

    package init(text: String, name: String, origin: Origin) {
        self.text = text
        self.name = name
        self.origin = origin
    }

    /// Tells whether an option without a value, or a key with `yes` or `no`, is on.
    package func flag() throws(UserError) -> Bool {
        switch text {
        case "yes": true
        case "" where origin == .commandLine: true
        case "no": false
        default: throw failure("\(quoted) is neither yes nor no", hint: "write yes or no")
        }
    }

    /// The path of a file; in the configuration file it has to be absolute.
    package func path() throws(UserError) -> String {
        guard text.hasPrefix("/") || origin == .commandLine else {
            throw failure("\(quoted) does not begin with /", hint: "give an absolute path")
        }
        return text
    }

    /// One of the words of an enumeration.
    package func word<Word: RawRepresentable & CaseIterable>(
        of type: Word.Type
    ) throws(UserError) -> Word where Word.RawValue == String {
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue)
            let list = words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
            throw failure("\(quoted) is not one of its values", hint: "give \(list)")
        }
        return word
    }

    /// A decimal number.
    package func number<Number: FixedWidthInteger>(in range: ClosedRange<Number>) throws(UserError) -> Number
    {
        try number(text, in: range)
    }

    /// Different decimal numbers with commas between them.
    package func numbers<Number: FixedWidthInteger>(
        in range: ClosedRange<Number>
    ) throws(UserError) -> [Number] {
        var numbers: [Number] = []
        for part in parts {
            let number = try number(String(part), in: range)
            guard !numbers.contains(number) else {
                throw failure("\(number) is given twice", hint: "give different numbers")
            }
            numbers.append(number)
        }
        return numbers
    }

    /// Reads `yes`, `no` or up to `HonouredAddresses.maximumCount` addresses with commas between them.
    package func honouredAddresses() throws(UserError) -> HonouredAddresses {
        if ["", "yes", "no"].contains(text) { return try flag() ? .any : .none }
        var hosts: [IPAddress] = []
        for part in parts {
            guard let host = IPAddress(parsing: Array(part.utf8).span), !host.isUnspecified else {
                throw failure(
                    "\(Self.quoted(part)) is neither yes, no nor an address",
                    hint: "write yes, no, or addresses with commas between them"
                )
            }
            guard !hosts.contains(host) else {
                throw failure("\(host) is given twice", hint: "give different addresses")
            }
            hosts.append(host)
        }
        guard hosts.count <= HonouredAddresses.maximumCount else {
            throw failure(
                "\(hosts.count) addresses are too many",
                hint: "give up to \(HonouredAddresses.maximumCount)"
            )
        }
        return .hosts(hosts)
    }

    /// Reads `CONTROL,DATA[,SESSIONS]`; without the third number, it is one more than the larger of the others.
    package func queueNumbers() throws(UserError) -> QueueNumbers {
        let numbers = try numbers(in: 0...UInt16.max)
        guard (2...3).contains(numbers.count) else {
            throw failure(
                "needs 2 or 3 numbers, not \(numbers.count)",
                hint: "give 2 or 3 numbers with commas between them"
            )
        }
        let (next, isTooHigh) = max(numbers[0], numbers[1]).addingReportingOverflow(1)
        guard numbers.count == 3 || !isTooHigh else {
            throw failure(
                "the third number has no default after \(UInt16.max)",
                hint: "give 3 numbers with commas between them"
            )
        }
        return QueueNumbers(
            control: numbers[0],
            data: numbers[1],
            sessions: numbers.count == 3 ? numbers[2] : next
        )
    }

    /// What stands between the commas, without blanks around it.
    private var parts: [Substring] {
        text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let rest = part.drop { $0 == " " }
            return rest.dropLast(rest.reversed().prefix { $0 == " " }.count)
        }
    }

    /// Reads a numeric address.
    package func address() throws(UserError) -> IPAddress {
        guard let address = IPAddress(parsing: Array(text.utf8).span), !address.isUnspecified else {
            throw failure("\(quoted) is not an address", hint: "give an IPv4 or IPv6 address, not a name")
        }
        return address
    }

    /// Reads `FIRST-LAST` or one port, from 1024 on.
    package func ports() throws(UserError) -> ClosedRange<UInt16> { try ports(text[...]) }

    /// Reads `SERVER=PORTS,...` or `none`.
    package func serverPorts() throws(UserError) -> [(prefix: AddressPrefix, ports: ClosedRange<UInt16>)] {
        var servers: [(prefix: AddressPrefix, ports: ClosedRange<UInt16>)] = []
        for part in text == "none" ? [] : parts {
            let sides = part.split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, let prefix = AddressPrefix(parsing: Array(sides[0].utf8).span) else {
                throw failure(
                    "\(Self.quoted(part)) is not SERVER=PORTS",
                    hint: "give an address or network and its ports, such as 10.2.0.3=49000-50000"
                )
            }
            servers.append((prefix, try ports(sides[1])))
        }
        return servers
    }

    /// Reads `VALUE` or `VALUE/MASK`.
    package func mark() throws(UserError) -> ConnectionMark {
        guard let mark = ConnectionMark(parsing: text) else {
            throw failure(
                "\(quoted) is not a mark",
                hint: "give VALUE or VALUE/MASK, decimal or after 0x, without bits outside the mask"
            )
        }
        return mark
    }

    /// The mark of connections that bypass the queues; `nil` for `0/0`.
    ///
    /// A value without a mask is its own mask.
    package func bypassMark() throws(UserError) -> ConnectionMark? {
        var mark = try mark()
        if !text.contains("/") { mark = ConnectionMark(value: mark.value, mask: mark.value) }
        guard mark.mask != 0 else { return nil }
        guard mark.value != 0 else {
            throw failure(
                "0 is the mark of any connection",
                hint: "give a bit that no other rule uses, as in 0x1000/0x1000"
            )
        }
        return mark
    }

    private func ports(_ text: Substring) throws(UserError) -> ClosedRange<UInt16> {
        let ports = text.split(separator: "-", omittingEmptySubsequences: false).map { word in
            Self.isDecimal(word) ? UInt16(word) : nil
        }
        guard (1...2).contains(ports.count), let first = ports[0], let last = ports[ports.count - 1],
            first >= 1024,
            first <= last
        else {
            throw failure(
                "\(Self.quoted(text)) is not a range of ports",
                hint: "give FIRST-LAST, from 1024 to 65535"
            )
        }
        return first...last
    }

    private func number<Number: FixedWidthInteger>(
        _ text: String,
        in range: ClosedRange<Number>
    ) throws(UserError) -> Number {
        let hint = "give a number from \(range.lowerBound) to \(range.upperBound)"
        guard !text.isEmpty, Self.isDecimal(text[...]) else {
            throw failure("\(Self.quoted(text[...])) is not a number", hint: hint)
        }
        guard let number = Number(text), range.contains(number) else {
            throw failure("\(Self.shortened(text[...])) is out of range", hint: hint)
        }
        return number
    }

    /// Tells whether there are only digits: `Int("+5")` would succeed.
    private static func isDecimal(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private var quoted: String { Self.quoted(text[...]) }

    /// The text in quotes, without control characters, cut after 60 bytes.
    package static func quoted(_ text: Substring) -> String { "'\(shortened(text))'" }

    private static func shortened(_ text: Substring) -> String {
        let shown = Escaping.harmless(String(text), limit: 60)
        return text.utf8.count > 60 ? "\(shown)..." : shown
    }

    private func failure(_ message: String, hint: String) -> UserError {
        UserError("\(name): \(message)", hint: hint, status: origin == .commandLine ? .usage : .configuration)
    }
}
