// SPDX-License-Identifier: GPL-2.0-or-later

/// The grammar of PORT, EPRT and LPRT.
extension Announcement {
    /// Maximum size of an argument in bytes, and of what is withheld of a line.
    ///
    /// The longest valid argument is that of LPRT with an IPv6 address, 75 bytes. Withheld bytes are
    /// delivered in a single packet, so they have to fit, rewritten and with the largest headers, into the
    /// 576 bytes that every path carries.
    static let maximumFieldSize = StreamLimits.withheld

    /// Parses the argument of a PORT, EPRT or LPRT command; `nil` if it is malformed.
    ///
    /// Accepted:
    /// - PORT (RFC 959): `h1,h2,h3,h4,p1,p2`;
    /// - EPRT (RFC 2428): `<d>1<d>IPv4<d>port<d>` or `<d>2<d>IPv6<d>port<d>`, where `<d>` is any of ASCII 33
    ///   to 126 except a digit;
    /// - LPRT (RFC 1639): `4,4,h1,...,h4,2,p1,p2` or `6,16,h1,...,h16,2,p1,p2`.
    ///
    /// Numbers are decimal and may have leading zeros. The address has to be of the family of the control
    /// connection, and the port must not be 0.
    ///
    /// - Parameters:
    ///   - command: the parsed line.
    ///   - line: the whole line.
    ///   - connection: an address of the control connection, which determines the family.
    package init?(_ command: Command, in line: Span<UInt8>, on connection: IPAddress) {
        guard let kind = command.verb.announces, command.argument.count <= Announcement.maximumFieldSize
        else { return nil }
        let argument = command.argument
        let text = line.extracting(argument)
        let found: Announcement?
        switch kind {
        case .port:
            guard let list = try? NumberList(parsing: text, at: 0, allowsBlanks: false),
                list.count == 6, list.end == text.count
            else { return nil }
            found = Announcement(
                kind: kind,
                address: list.address(at: 0),
                port: list.port(at: 4),
                field: argument
            )
        case .lprt:
            guard let list = try? NumberList(parsing: text, at: 0, allowsBlanks: false),
                list.end == text.count, let (address, port) = list.longForm()
            else { return nil }
            found = Announcement(kind: kind, address: address, port: port, field: argument)
        case .eprt:
            found = Announcement.extended(text, kind: .eprt, at: argument.lowerBound)
        case .pasv, .epsv, .lpsv, .ftps:
            return nil
        }
        guard let found, found.port != 0, found.address?.isSameFamily(as: connection) == true else {
            return nil
        }
        self = found
    }

    /// Returns the offset at which a field that may have to be rewritten starts in an unfinished command
    /// line; `nil` if there is none.
    package static func start(inPartialCommand line: Span<UInt8>) -> Int? {
        guard let (verb, argument) = Command.start(ofPartial: line), verb.announces != nil,
            line.count - argument <= maximumFieldSize
        else { return nil }
        return argument
    }

    /// Parses `<d>proto<d>address<d>port<d>`, which must fill `text`.
    ///
    /// The field to replace is `address<d>port`.
    private static func extended(_ text: Span<UInt8>, kind: Expectation.Kind, at start: Int) -> Announcement?
    {
        guard text.count > 3, isDelimiter(text[0]) else { return nil }
        let delimiter = text[0]
        var offset = 1
        guard let proto = Decimal.parse(text, at: &offset, upTo: 2), offset < text.count,
            text[offset] == delimiter
        else { return nil }
        let addressStart = offset + 1
        // An IPv6 address contains colons, so a colon as delimiter is searched for from the end.
        guard text[text.count - 1] == delimiter else { return nil }
        var portStart = text.count - 1
        while portStart > addressStart, text[portStart - 1] != delimiter { portStart -= 1 }
        guard portStart > addressStart,
            let address = IPAddress(parsing: text.extracting(addressStart..<portStart - 1))
        else { return nil }
        offset = portStart
        guard let port = Decimal.parse(text, at: &offset, upTo: 65535), offset == text.count - 1 else {
            return nil
        }
        switch (proto, address) {
        case (1, .v4), (2, .v6): break
        default: return nil
        }
        let field = start + addressStart..<start + text.count - 1
        return Announcement(
            kind: kind,
            address: address,
            port: UInt16(port),
            field: field,
            delimiter: delimiter
        )
    }

    /// Tells whether RFC 2428, section 2, allows a delimiter: ASCII 33 to 126.
    ///
    /// Digits are refused, because they could not be told from the numbers.
    static func isDelimiter(_ byte: UInt8) -> Bool { (33...126).contains(byte) && !Decimal.isDigit(byte) }
}
