// SPDX-License-Identifier: GPL-2.0-or-later

/// A TCP connection on any port that may be a control connection, judged by what its two sides say.
///
/// The first line of one side has to be an FTP command, and the first line of the other side a reply,
/// preceded by no more text than a server may send (contract S3). Anything else rules FTP out. A connection
/// that was already established when first seen may begin with any text, such as the rest of a line or the
/// lines of a reply. It is a control connection as soon as one of these is seen, too:
/// - a USER to a server that has sent a 220; or
/// - a command with a reply that only FTP has for it: USER and 331, 332 or 230; PASS and 332 or 230; AUTH and
///   234; PASV and 227, EPSV and 229, LPSV and 228; PORT, EPRT, LPRT and 200.
///
/// Refused, for example: `220 ready` and `EHLO` (SMTP); `+OK` and `USER` (POP3); `200 hello` and `USER`
/// (poppassd).
package struct Candidate: Sendable {
    /// What is known so far.
    package enum Standing: Hashable, Sendable {
        case undecided
        /// It is a control connection; the tuple is that of the client's packets.
        case control(Tuple)
        case other
    }

    /// Bytes of payload after which an undecided connection is given up.
    ///
    /// That is four lines of maximum length. Even the longest greeting and a USER together take about 2 KiB.
    static let maximumPayload = 16384

    /// The tuple of the first packet seen, and the opposite one.
    private let tuples: [2 of Tuple]
    private var streams: [2 of Stream]
    private var hasSpoken: [2 of Bool] = .init(repeating: false)
    /// Index of the server's tuple, once a handshake or a line has shown it.
    private var server: Int?
    private var hasGreeting = false
    private var hasUser = false
    private var lastCommand = Verb.other
    /// Bytes of payload so far.
    private var size = 0
    /// For each side, the number of lines in front of its first command or reply.
    private var textCount: [2 of Int] = .init(repeating: 0)
    /// Set if the handshake was not seen.
    private let isUnderWay: Bool

    /// Begins with the first packet seen of a connection; pass that packet to `receive`, too.
    ///
    /// - Parameters:
    ///   - segment: a segment with the ACK flag.
    ///   - tuple: the tuple of its direction; the other direction has the inverted tuple.
    package init(_ segment: Segment, _ tuple: Tuple) {
        tuples = [tuple, tuple.inverted]
        streams = [Stream(next: segment.firstByte), Stream(next: segment.acknowledgement)]
        server = segment.flags.contains(.syn) ? 0 : nil
        isUnderWay = !segment.flags.contains(.syn)
    }

    /// Processes the next packet of the connection, in the direction with this tuple.
    package mutating func receive(_ packet: Span<UInt8>, _ segment: Segment, _ tuple: Tuple) -> Standing {
        let own = tuple == tuples[0] ? 0 : 1
        if segment.flags.contains(.ack) { streams[1 - own].acknowledge(segment.acknowledgement) }
        let payload = packet.extracting(segment.payloadOffset..<segment.end)
        guard !payload.isEmpty else { return .undecided }
        size += payload.count
        guard size <= Candidate.maximumPayload else { return .other }
        let reading = streams[own].insert(
            payload,
            at: segment.firstByte,
            hasFIN: segment.hasFIN,
            isInspected: true,
            mayEdit: false
        )
        guard let reading else { return .undecided }
        let bytes = streams[own].bytes
        while let line = streams[own].nextLine(reading) {
            guard line.isWhole else { continue }
            let standing = classify(bytes.span.extracting(line.range), from: own)
            guard standing == .undecided else { return standing }
        }
        streams[own].withhold(0, reading)
        return .undecided
    }

    private mutating func classify(_ line: Span<UInt8>, from own: Int) -> Standing {
        if let command = Command(parsing: line) {
            guard server != own else { return hasSpoken[own] ? .undecided : .other }
            server = 1 - own
            hasSpoken[own] = true
            lastCommand = command.verb
            hasUser = hasUser || command.verb == .user
        } else if let reply = Reply(parsing: line) {
            guard server != 1 - own else { return hasSpoken[own] ? .undecided : .other }
            server = own
            hasGreeting = hasGreeting || (reply.code == 220 && !hasSpoken[own])
            hasSpoken[own] = true
            if isProof(reply) { return .control(tuples[1 - own]) }
        } else {
            return hasSpoken[own] || Command.end(of: line) == 0 || isText(line, from: own)
                ? .undecided : .other
        }
        guard let server, hasGreeting, hasUser else { return .undecided }
        return .control(tuples[1 - server])
    }

    /// Tells whether a line that is neither a command nor a reply may precede the first one.
    private mutating func isText(_ line: Span<UInt8>, from own: Int) -> Bool {
        textCount[own] += 1
        // The first line of a connection that was already established may start anywhere; later ones have to
        // be text.
        guard isUnderWay else { return server == own && textCount[own] < Session.maximumLinesBeforeReply }
        return textCount[own] == 1
            || (0..<Command.end(of: line)).allSatisfy { line[$0] >= 0x20 || line[$0] == UInt8(ascii: "\t") }
    }

    /// Tells whether a reply answers the last command as only an FTP server does.
    private func isProof(_ reply: Reply) -> Bool {
        switch (lastCommand, reply.code) {
        case (.user, 331), (.user, 332), (.user, 230), (.pass, 332), (.pass, 230), (.auth, 234): true
        case (let command, let code):
            command.solicits.map(Announcement.code(of:)) == code || (command.announces != nil && code == 200)
        }
    }
}
