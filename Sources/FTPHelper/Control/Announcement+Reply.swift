// SPDX-License-Identifier: GPL-2.0-or-later

/// The grammar of the replies 227, 228 and 229.
extension Announcement {
    /// Parses the address field of a reply to PASV, LPSV or EPSV; `nil` if the line has no valid one.
    ///
    /// Accepted anywhere behind the code. A group in parentheses takes precedence over one without; otherwise
    /// the first valid group counts.
    /// - 227 (RFC 959): six numbers with commas between them, and blanks after the commas:
    ///   `(10,2,0,2,19,137)`, `=10,2,0,2,19,137`;
    /// - 228 (RFC 1639): the long form of LPRT;
    /// - 229 (RFC 2428): `(<d><d><d>port<d>)`, or `(<d>proto<d>address<d>port<d>)`, as some servers write it.
    ///   Without parentheses, the delimiter must not be a letter or a blank.
    ///
    /// On IPv6, a 227 reply cannot name an address. Some servers answer PASV there with `0,0,0,0` and their
    /// port; only the port counts.
    ///
    /// Refused, for example: `227 Logout.`; `227 ok (10,2,0,2,19,393)`; `229 ok (|||0|)`; a line with a NUL
    /// byte; a 227 with any other address on IPv6.
    ///
    /// - Parameters:
    ///   - kind: the kind of field to look for: `pasv`, `lpsv` or `epsv`.
    ///   - line: the whole line.
    ///   - connection: an address of the control connection, which determines the family.
    package init?(_ kind: Expectation.Kind, in line: Span<UInt8>, on connection: IPAddress) {
        for index in 0..<line.count where line[index] == 0 { return nil }
        var bare: Announcement?
        var offset = 4
        while offset < line.count {
            switch Announcement.candidate(kind, in: line, at: offset) {
            case .found(let any, let isEnclosed, let end):
                let found = any.withoutZeroAddress(in: line, on: connection)
                if found.port != 0, found.address?.isSameFamily(as: connection) ?? true {
                    if isEnclosed {
                        self = found
                        return
                    }
                    if bare == nil { bare = found }
                }
                offset = end
            case .incomplete: offset += 1
            case .none(let end): offset = end
            }
        }
        guard let bare else { return nil }
        self = bare
    }

    /// Returns the announcement without its address if it is a 227 reply with the address 0.0.0.0 on IPv6.
    private func withoutZeroAddress(in line: Span<UInt8>, on connection: IPAddress) -> Announcement {
        guard kind == .pasv, case .v6 = connection, address == .v4(0) else { return self }
        var start = field.upperBound
        var commas = 0
        while commas < 2 {
            start -= 1
            if line[start] == UInt8(ascii: ",") { commas += 1 }
        }
        start += 1
        while Command.isBlank(line[start]) { start += 1 }
        return Announcement(kind: kind, address: nil, port: port, field: start..<field.upperBound)
    }

    /// Returns the offset at which a field that may have to be rewritten starts in an unfinished reply line;
    /// `nil` if there is none.
    package static func start(_ kind: Expectation.Kind, inPartialReply line: Span<UInt8>) -> Int? {
        guard Reply(parsing: line)?.code == code(of: kind) else { return nil }
        // A longer field is not withheld, so one that starts earlier need not be parsed again with each
        // segment.
        var offset = max(4, line.count - maximumFieldSize)
        while offset < line.count {
            switch candidate(kind, in: line, at: offset) {
            case .found, .incomplete: return offset
            case .none(let end):
                offset = end
            }
        }
        return nil
    }

    /// The code of the reply that carries a field of this kind.
    package static func code(of kind: Expectation.Kind) -> UInt16 {
        switch kind {
        case .epsv: 229
        case .lpsv: 228
        case .pasv, .port, .eprt, .lprt, .ftps: 227
        }
    }

    /// The kind of field that a reply with this code carries; `nil` for all codes but 227, 228 and 229.
    static func kind(ofReply code: UInt16) -> Expectation.Kind? {
        switch code {
        case 227: .pasv
        case 228: .lpsv
        case 229: .epsv
        default: nil
        }
    }

    /// The result of parsing a field at an offset.
    private enum Candidate {
        case found(Announcement, isEnclosed: Bool, end: Int)
        /// The line ended inside what may be a field.
        case incomplete
        /// No field starts here or anywhere in front of `end`.
        case none(end: Int)
    }

    private static func candidate(_ kind: Expectation.Kind, in line: Span<UInt8>, at offset: Int) -> Candidate
    {
        kind == .epsv ? extended(in: line, at: offset) : numbers(kind, in: line, at: offset)
    }

    private static func numbers(_ kind: Expectation.Kind, in line: Span<UInt8>, at offset: Int) -> Candidate {
        guard Decimal.isDigit(line[offset]) else { return .none(end: offset + 1) }
        // No other list can start inside this one, whether it is valid or not.
        var next = offset
        while next < line.count, Decimal.isDigit(line[next]) || line[next] == UInt8(ascii: ",") {
            next += 1
            while line[next - 1] == UInt8(ascii: ","), next < line.count, Command.isBlank(line[next]) {
                next += 1
            }
        }
        let list: NumberList
        do throws(NumberList.ParseError) {
            list = try NumberList(parsing: line, at: offset, allowsBlanks: true)
        } catch {
            return error == .incomplete ? .incomplete : .none(end: next)
        }
        let isOpen = list.end == line.count
        let parts: (address: IPAddress, port: UInt16)? =
            kind == .lpsv
            ? list.longForm() : list.count == 6 ? (list.address(at: 0), list.port(at: 4)) : nil
        guard let parts else { return isOpen ? .incomplete : .none(end: next) }
        var before = offset
        while before > 4, Command.isBlank(line[before - 1]) { before -= 1 }
        var after = list.end
        while after < line.count, Command.isBlank(line[after]) { after += 1 }
        let isEnclosed =
            line[before - 1] == UInt8(ascii: "(") && after < line.count && line[after] == UInt8(ascii: ")")
        let found = Announcement(
            kind: kind,
            address: parts.address,
            port: parts.port,
            field: offset..<list.end
        )
        return .found(found, isEnclosed: isEnclosed, end: next)
    }

    private static func extended(in line: Span<UInt8>, at offset: Int) -> Candidate {
        let isEnclosed = line[offset] == UInt8(ascii: "(")
        let start = isEnclosed ? offset + 1 : offset
        guard start < line.count else { return .incomplete }
        let delimiter = line[start]
        guard isDelimiter(delimiter), isEnclosed || !isLetter(delimiter) else {
            return .none(end: offset + 1)
        }

        // Protocol and address, both usually empty.
        var cursor = start + 1
        while cursor < line.count, Decimal.isDigit(line[cursor]) { cursor += 1 }
        guard cursor < line.count else { return .incomplete }
        guard line[cursor] == delimiter else { return .none(end: offset + 1) }
        let addressStart = cursor + 1
        cursor = addressStart
        while cursor < line.count, line[cursor] != delimiter, isAddressByte(line[cursor]) { cursor += 1 }
        guard cursor < line.count else { return .incomplete }
        guard line[cursor] == delimiter else { return .none(end: offset + 1) }
        let address = IPAddress(parsing: line.extracting(addressStart..<cursor))
        guard address != nil || cursor == addressStart else { return .none(end: offset + 1) }

        let portStart = cursor + 1
        cursor = portStart
        let port = Decimal.parse(line, at: &cursor, upTo: 65535)
        guard cursor < line.count else { return .incomplete }
        guard let port, line[cursor] == delimiter else { return .none(end: offset + 1) }
        guard !isEnclosed || cursor + 1 < line.count else { return .incomplete }
        guard !isEnclosed || line[cursor + 1] == UInt8(ascii: ")") else { return .none(end: offset + 1) }
        let found = Announcement(
            kind: .epsv,
            address: address,
            port: UInt16(port),
            field: (address == nil ? portStart : addressStart)..<cursor,
            delimiter: delimiter
        )
        return .found(found, isEnclosed: isEnclosed, end: cursor + 1)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte & 0xdf)
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        Decimal.isDigit(byte) || isLetter(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
    }
}
