/// Follows the records of a TLS stream without looking inside, to notice where plain text returns (CCC, RFC 4217).
///
/// A record (RFC 8446, section 5.1) is a content type of 20 to 24, version 3.0 to 3.4, a 16-bit length, and as many bytes.
package struct TLSRecords: Sendable {
    /// How far a side has come with TLS, as far as the types of its records tell.
    enum Progress: UInt8 {
        case nothing
        /// A record, but the first that was seen did not begin a handshake.
        case records
        /// The first record was one of a handshake.
        case handshake
        /// A handshake, and later application data.
        case data
    }

    /// Bytes of the current record that are still to come.
    var remaining: UInt16 = 0
    /// Bytes of a record header that have come: at most 5.
    var headerCount: UInt8 = 0
    var header: [5 of UInt8] = .init(repeating: 0)
    /// Set while nobody knows where records begin.
    var isLost = false
    var progress = Progress.nothing

    package init() {}

    /// Tells whether a whole record header was seen.
    package var hasSeenRecord: Bool { progress != .nothing }
    /// Tells whether the side has shaken hands and then sent application data, as one that really speaks TLS does.
    package var hasSentData: Bool { progress == .data }

    /// Takes the next bytes; returns the offset at which plain text begins, or `nil` while all is TLS.
    ///
    /// Up to four bytes of a header that then turns out to be none may have come before: these are lost for parsing.
    package mutating func consume(_ bytes: Span<UInt8>) -> Int? {
        if isLost {
            guard TLSRecords.isHeader(bytes) else { return nil }
            isLost = false
        }
        var offset = 0
        while offset < bytes.count {
            if remaining > 0 {
                let count = min(Int(remaining), bytes.count - offset)
                remaining -= UInt16(count)
                offset += count
                continue
            }
            header[Int(headerCount)] = bytes[offset]
            guard isPlausibleHeader else { return max(offset - Int(headerCount), 0) }
            headerCount += 1
            offset += 1
            if headerCount == 5 {
                remaining = UInt16(header[3]) << 8 | UInt16(header[4])
                headerCount = 0
                advance(by: header[0])
            }
        }
        return nil
    }

    /// Takes notice of a record with this content type.
    private mutating func advance(by type: UInt8) {
        switch progress {
        case .nothing: progress = type == 22 ? .handshake : .records
        case .handshake where type == 23: progress = .data
        default: break
        }
    }

    /// Bytes were missed: what follows is TLS until a segment begins with a whole record header.
    ///
    /// Where the stream goes on after a hole is the other side's word, so what looks like plain text there proves nothing.
    package mutating func resume() {
        remaining = 0
        headerCount = 0
        isLost = true
    }

    /// Tells whether bytes begin with a whole record header.
    private static func isHeader(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= 5 && (20...24).contains(bytes[0]) && bytes[1] == 3 && bytes[2] <= 4 && bytes[3] <= 0x48
    }

    /// Whether the bytes of the header up to `headerCount` can be one.
    private var isPlausibleHeader: Bool {
        switch headerCount {
        case 0: (20...24).contains(header[0])
        case 1: header[1] == 3
        case 2: header[2] <= 4
        case 3: header[3] <= 0x48  // 2^14 + 2048, the most that TLS 1.2 allows
        default: true
        }
    }

    /// Tells whether a stream that starts with these bytes is TLS: a handshake record with a ClientHello.
    package static func begins(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= 2 && bytes[0] == 22 && bytes[1] == 3
    }
}
