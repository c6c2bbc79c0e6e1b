// SPDX-License-Identifier: GPL-2.0-or-later

/// Escapes bytes from the network as printable ASCII.
///
/// Raw bytes could break a log line, a terminal or a JSON string. Everything but printable ASCII becomes `\r`, `\n`, `\t` or
/// `\xNN`. The backslash becomes `\x5c`, so that the escaping can be undone.
package enum Escaping {
    /// Escapes `bytes` and truncates the result to `limit` characters, never within an escape.
    package static func text(of bytes: some Sequence<UInt8>, limit: Int = .max) -> String {
        var shown: [UInt8] = []
        for byte in bytes {
            let escaped = escaped(byte)
            if shown.count + escaped.count > limit { break }
            shown += escaped
        }
        return String(decoding: shown, as: UTF8.self)
    }

    /// Escapes text from an untrusted source that should be escaped already: as `text(of:limit:)`, but keeps backslashes.
    package static func harmless(_ text: String, limit: Int = .max) -> String {
        String(decoding: harmless(text.utf8.prefix(limit), lineEndsToo: true), as: UTF8.self)
    }

    /// Escapes lines of text from an untrusted source, as `harmless(_:limit:)` does, but keeps line feeds.
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
