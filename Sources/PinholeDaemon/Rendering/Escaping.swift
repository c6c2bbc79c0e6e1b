/// How bytes off the network are shown: as printable ASCII, whatever they are.
///
/// They are no UTF-8, and shown raw they could break a line of a log, a terminal or a JSON string. Everything but
/// printable ASCII becomes `\r`, `\n`, `\t` or `\xNN`, and so does the backslash itself (`\x5c`), so that the
/// original can be told from what is shown.
package enum Escaping {
    /// Shows `bytes` in at most `limit` characters; what would go beyond is left out, never half an escape.
    package static func text(of bytes: some Sequence<UInt8>, limit: Int = .max) -> String {
        var shown: [UInt8] = []
        for byte in bytes {
            let escaped = escaped(byte)
            if shown.count + escaped.count > limit { break }
            shown += escaped
        }
        return String(decoding: shown, as: UTF8.self)
    }

    /// Shows what is text already, and escaped where it had to be, but by somebody who is not trusted: `text(of:limit:)` that
    /// leaves the backslash as it is.
    package static func harmless(_ text: String, limit: Int = .max) -> String {
        String(decoding: harmless(text.utf8.prefix(limit), lineEndsToo: true), as: UTF8.self)
    }

    /// The same for lines, each with its end.
    package static func harmlessLines(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        harmless(bytes, lineEndsToo: false)[...]
    }

    private static func harmless(_ bytes: some Collection<UInt8>, lineEndsToo: Bool) -> [UInt8] {
        let isHarmless = { (byte: UInt8) in
            (0x20...0x7e).contains(byte) || !lineEndsToo && byte == UInt8(ascii: "\n")
        }
        guard !bytes.allSatisfy(isHarmless) else { return Array(bytes) }
        return bytes.flatMap { isHarmless($0) ? [$0] : escaped($0) }
    }

    private static func escaped(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case UInt8(ascii: "\r"): return Array(#"\r"#.utf8)
        case UInt8(ascii: "\n"): return Array(#"\n"#.utf8)
        case UInt8(ascii: "\t"): return Array(#"\t"#.utf8)
        case 0x20...0x7e where byte != UInt8(ascii: "\\"): return [byte]
        default:
            let digits = Array("0123456789abcdef".utf8)
            return Array(#"\x"#.utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
}
