// SPDX-License-Identifier: GPL-2.0-or-later

/// Evidence in a server's TLS records that its client has finished the handshake.
///
/// Up to TLS 1.2, a single record of application data is proof: a server sends none before it has the
/// client's Finished (RFC 5246, section 7.4.9).
///
/// In TLS 1.3, the rest of the server's handshake is sent in records of the same type (RFC 8446, section
/// 5.1), and the client can delay it: it withholds acknowledgements or closes its window. So more records are
/// required than a handshake can produce, even if the client asks for small fragments (RFC 6066, section 4;
/// RFC 8449). A record counts if it is shorter than the longest one so far and does not directly follow a
/// record that was the longest. All fragments of a message have maximum length, except the last.
/// EncryptedExtensions, CertificateRequest, Certificate, CertificateVerify and Finished therefore yield at
/// most two such records, and an alert that the server pads yields one more.
struct HandshakeEvidence: Equatable, Sendable {
    /// Length of an alert record in TLS 1.3: level, description, content type and tag (RFC 8446, section
    /// 5.2).
    static let alertLength: UInt16 = 19
    /// Number of counted records that prove it in TLS 1.3.
    private static let required: UInt8 = 4
    /// Length of the byte sequence that selects TLS 1.3.
    private static let choiceLength: UInt8 = 6

    /// Length of the longest record of application data so far.
    var longest: UInt16 = 0
    /// Records counted so far, at most `required`.
    var count: UInt8 = 0
    /// How many bytes of the sequence that selects TLS 1.3 the server's last plain bytes match;
    /// `choiceLength` once it was found.
    var matched: UInt8 = 0
    /// Set if the previous record was the longest at that time.
    var isBehindLongest = false
    /// Set if the current record counts once it is complete.
    var isCounting = false

    /// Tells whether the server has selected TLS 1.3, or may have.
    private var isLatest: Bool { matched == HandshakeEvidence.choiceLength }

    /// Tells whether the counters have valid values; false for those of a corrupt record.
    var isSound: Bool {
        count <= HandshakeEvidence.required && matched <= HandshakeEvidence.choiceLength
    }

    /// Begins a record of application data.
    mutating func beginRecord(_ length: UInt16) {
        guard length > HandshakeEvidence.alertLength else { return }
        isCounting = !isLatest || length < longest && !isBehindLongest
        isBehindLongest = length >= longest
        longest = max(longest, length)
    }

    /// Ends the record; returns whether it proves that the handshake is finished.
    mutating func endRecord() -> Bool {
        guard isCounting else { return false }
        isCounting = false
        guard isLatest else { return true }
        count = min(count + 1, HandshakeEvidence.required)
        return count == HandshakeEvidence.required
    }

    /// Reads the next bytes of the plain part of the handshake.
    ///
    /// A server selects TLS 1.3 in its ServerHello with the extension `supported_versions`, two bytes long,
    /// 0x0304 (RFC 8446, section 4.2.1).
    mutating func readHandshake(_ bytes: Span<UInt8>) {
        let choice: [6 of UInt8] = [0, 43, 0, 2, 3, 4]
        for index in bytes.indices {
            guard !isLatest else { return }
            let byte = bytes[index]
            if byte == choice[Int(matched)] {
                matched += 1
            } else if byte == choice[1], matched == 3 {
                matched = 2
            } else {
                matched = byte == choice[0] ? 1 : 0
            }
        }
    }

    /// Assumes TLS 1.3 after missed bytes in which the server may have selected it.
    mutating func assumeLatest() {
        matched = HandshakeEvidence.choiceLength
        isCounting = false
    }

    /// Stops counting the current record after missed bytes of application data.
    mutating func interrupt() { isCounting = false }
}
