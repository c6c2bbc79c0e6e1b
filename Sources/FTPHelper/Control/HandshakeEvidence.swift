/// What a server's records tell from outside of whether its client has finished the handshake.
///
/// Up to TLS 1.2 one record of application data tells it: a server sends none before it has the client's Finished (RFC 5246,
/// section 7.4.9). In TLS 1.3 the rest of the server's handshake has the same type (RFC 8446, section 5.1), and when that
/// comes is up to the client: what it does not acknowledge, or has no window for, waits. So more is asked for than a
/// handshake can have, in however small pieces the client wants it (RFC 6066, section 4; RFC 8449): records that are
/// shorter than the longest so far and do not come directly behind one. The pieces of a message are longest but for the
/// last. That leaves two of EncryptedExtensions, CertificateRequest, Certificate, CertificateVerify and Finished, and the
/// alert that may follow if the server pads it.
struct HandshakeEvidence: Sendable {
    /// Bytes of a record with an alert in TLS 1.3: level, description, content type, and the tag (RFC 8446, section 5.2).
    static let alertLength: UInt16 = 19
    /// How many such records it takes.
    private static let required: UInt8 = 4
    /// Length of `choice`.
    private static let choiceLength: UInt8 = 6

    /// Length of the longest record so far.
    var longest: UInt16 = 0
    /// Such records, up to as many as it takes.
    var count: UInt8 = 0
    /// Bytes of the choice of TLS 1.3 that the server's last bytes in plain text are; all of them once it was made.
    var matched: UInt8 = 0
    /// Set if the record before was the longest then.
    var isBehindLongest = false
    /// Set if the record under way counts once it is whole.
    var isCounting = false

    /// The server has chosen TLS 1.3, or nobody knows.
    private var isLatest: Bool { matched == HandshakeEvidence.choiceLength }

    /// Tells whether the numbers are such as this can come to.
    var isSound: Bool {
        count <= HandshakeEvidence.required && matched <= HandshakeEvidence.choiceLength
    }

    /// A record of application data has begun.
    mutating func beginRecord(_ length: UInt16) {
        isCounting = false
        guard length > HandshakeEvidence.alertLength else { return }
        isCounting = !isLatest || length < longest && !isBehindLongest
        isBehindLongest = length >= longest
        longest = max(longest, length)
    }

    /// The record has come whole; returns whether it shows that the handshake is finished.
    mutating func endRecord() -> Bool {
        guard isCounting else { return false }
        isCounting = false
        guard isLatest else { return true }
        count = min(count + 1, HandshakeEvidence.required)
        return count == HandshakeEvidence.required
    }

    /// Reads the next bytes of the handshake that are in plain text.
    ///
    /// Who chooses TLS 1.3 says so in the ServerHello by `supported_versions`, of 2 bytes, 0x0304 (RFC 8446, section
    /// 4.2.1).
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

    /// Bytes were missed, in which the server may have chosen TLS 1.3.
    mutating func assumeLatest() {
        matched = HandshakeEvidence.choiceLength
        isCounting = false
    }

    /// Bytes of application data were missed.
    mutating func interrupt() { isCounting = false }
}
