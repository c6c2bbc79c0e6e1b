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
        /// A handshake, and later a whole record of application data.
        case data
        /// The same, and what shows that the other side has finished the handshake, behind that one's data.
        case answer
    }

    /// Bytes of the current record that are still to come; while its header comes, as much of this number as has come.
    var remaining: UInt16 = 0
    /// Bytes of a record header that have come: at most 4, for the fifth ends it.
    var headerCount: UInt8 = 0
    /// Content type of the record.
    var type: UInt8 = 0
    /// Set while nobody knows where records begin.
    var isLost = false
    var progress = Progress.nothing
    /// What the records tell of the other side; `nil` where nobody asks, or no more.
    var evidence: HandshakeEvidence?

    /// Those of a side.
    package init(of side: Session.Side = .client) { evidence = side == .server ? HandshakeEvidence() : nil }

    /// Tells whether the side has shaken hands and then sent application data, as one that really speaks TLS does.
    package var hasSentData: Bool { progress == .data || progress == .answer }
    /// Tells whether it has besides answered what the other side has sent, who then has shaken hands, too.
    package var hasAnswered: Bool { progress == .answer }

    /// Takes the next bytes.
    ///
    /// - Parameters:
    ///   - bytes: what comes next in the stream.
    ///   - isAnswer: the other side has sent application data before.
    /// - Returns: The offset at which plain text begins, or `nil` while all is TLS. Up to four bytes of a header that then turns
    ///   out to be none may have come before: these are lost for parsing.
    package mutating func consume(_ bytes: Span<UInt8>, isAnswer: Bool = false) -> Int? {
        if isLost {
            guard TLSRecords.isHeader(bytes) else { return nil }
            isLost = false
        }
        var offset = 0
        while offset < bytes.count {
            if headerCount == 0, remaining > 0 {
                let count = min(Int(remaining), bytes.count - offset)
                if type == 22 { evidence?.readHandshake(bytes.extracting(offset..<offset + count)) }
                remaining -= UInt16(count)
                offset += count
                if remaining == 0 { endRecord(isAnswer: isAnswer) }
                continue
            }
            let byte = bytes[offset]
            guard isPlausible(byte) else { return max(offset - Int(headerCount), 0) }
            if headerCount == 0 { type = byte }
            if headerCount >= 3 { remaining = remaining << 8 | UInt16(byte) }
            headerCount += 1
            offset += 1
            if headerCount == 5 {
                headerCount = 0
                if type == 23 { evidence?.beginRecord(remaining) }
                if remaining == 0 { endRecord(isAnswer: isAnswer) }
            }
        }
        return nil
    }

    /// Takes notice of a record that has come whole: of a header alone nothing follows.
    private mutating func endRecord(isAnswer: Bool) {
        switch progress {
        case .nothing: progress = type == 22 ? .handshake : .records
        case .handshake where type == 23: progress = .data
        case .handshake, .records, .data, .answer: break
        }
        guard type == 23, evidence?.endRecord() == true, isAnswer, progress == .data else { return }
        progress = .answer
        evidence = nil
    }

    /// Bytes were missed: what follows is TLS until a segment begins with a whole record header.
    ///
    /// Where the stream goes on after a hole is the other side's word, so what looks like plain text there proves nothing.
    package mutating func resume() {
        remaining = 0
        headerCount = 0
        isLost = true
        if progress == .data { evidence?.interrupt() } else { evidence?.assumeLatest() }
    }

    /// Tells whether bytes begin with a whole record header.
    private static func isHeader(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= 5 && (20...24).contains(bytes[0]) && bytes[1] == 3 && bytes[2] <= 4 && bytes[3] <= 0x48
    }

    /// Tells whether a header can go on with this byte.
    private func isPlausible(_ byte: UInt8) -> Bool {
        switch headerCount {
        case 0: (20...24).contains(byte)
        case 1: byte == 3
        case 2: byte <= 4
        case 3: byte <= 0x48  // 2^14 + 2048, the most that TLS 1.2 allows
        default: true
        }
    }

    /// Tells whether a stream that starts with these bytes is TLS: a handshake record with a ClientHello.
    package static func begins(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= 2 && bytes[0] == 22 && bytes[1] == 3
    }
}
