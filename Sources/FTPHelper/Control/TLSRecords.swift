// SPDX-License-Identifier: GPL-2.0-or-later

/// Follows the records of a TLS stream without decrypting them, to notice where plain text returns (CCC, RFC
/// 4217).
///
/// A record (RFC 8446, section 5.1) consists of a content type from 20 to 24, a version from 3.0 to 3.4, a
/// 16-bit length, and as many bytes.
package struct TLSRecords: Equatable, Sendable {
    /// The progress of a side, as far as the types of its records show it.
    enum Progress: UInt8 {
        case nothing
        /// Records were seen, but the first one was not a handshake record.
        case records
        /// The first record was a handshake record.
        case handshake
        /// A handshake record, and later a complete record of application data.
        case data
        /// A handshake record, a complete record of application data, and then, after data of the other side,
        /// evidence that the other side has finished the handshake.
        case answer
    }

    /// Remaining bytes of the current record.
    ///
    /// While the header is incomplete, the part of the length that has arrived.
    var remaining: UInt16 = 0
    /// Number of header bytes that have arrived, at most 4: the fifth completes the header.
    var headerCount: UInt8 = 0
    /// Content type of the current record.
    var type: UInt8 = 0
    /// Set while the position in the records is unknown.
    var isLost = false
    var progress = Progress.nothing
    /// Evidence about the other side; `nil` if it is not needed, or no longer.
    var evidence: HandshakeEvidence?

    /// Begins to follow a side.
    package init(of side: Session.Side = .client) { evidence = side == .server ? HandshakeEvidence() : nil }

    /// Tells whether the side has sent a handshake and then application data, as a real TLS endpoint does.
    package var hasSentData: Bool { progress == .data || progress == .answer }
    /// Tells whether the side has also answered data of the other side, which therefore has finished the
    /// handshake, too.
    package var hasAnswered: Bool { progress == .answer }

    /// Reads the next bytes of the stream.
    ///
    /// - Parameters:
    ///   - bytes: the next bytes.
    ///   - isAnswer: whether the other side has already sent application data.
    /// - Returns: the offset at which plain text begins, or `nil` while everything is TLS. Up to four bytes
    ///   that looked like the beginning of a header may precede it in earlier segments; they are not parsed.
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

    /// Processes the end of a record; a record may consist of its header only.
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

    /// Records that bytes were missed: what follows counts as TLS until a segment starts with a complete
    /// record header.
    ///
    /// The other side's acknowledgements determine where the stream resumes, so what looks like plain text
    /// there proves nothing.
    package mutating func resume() {
        remaining = 0
        headerCount = 0
        isLost = true
        if progress == .data { evidence?.interrupt() } else { evidence?.assumeLatest() }
    }

    /// Tells whether bytes begin with a complete record header.
    private static func isHeader(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= 5 && (20...24).contains(bytes[0]) && bytes[1] == 3 && bytes[2] <= 4 && bytes[3] <= 0x48
    }

    /// Tells whether this byte can be the next one of a header.
    private func isPlausible(_ byte: UInt8) -> Bool {
        switch headerCount {
        case 0: (20...24).contains(byte)
        case 1: byte == 3
        case 2: byte <= 4
        case 3: byte <= 0x48  // 2^14 + 2048, the most that TLS 1.2 allows
        default: true
        }
    }

    /// Tells whether a stream that starts with these bytes is TLS: a handshake record, which contains the
    /// ClientHello.
    package static func begins(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= 2 && bytes[0] == 22 && bytes[1] == 3
    }
}
