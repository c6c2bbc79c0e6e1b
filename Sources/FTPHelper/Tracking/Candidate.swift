/// A TCP connection that may turn out to be a control connection, whatever its ports, by what its two sides say.
///
/// Its first line from one side has to be an FTP command, its first from the other a reply, with no more text in front of it than
/// a server may send (contract S3); anything else ends the matter. A connection that was under way when it was first seen may
/// begin with any text: the end of a line, and the lines of a reply. It is a control connection as soon as there is, besides,
/// - a USER, to a server that has said 220; or
/// - a command with the reply that only FTP has for it: USER and 331, 332 or 230; PASS and 332 or 230; AUTH and 234; PASV and 227,
///   EPSV and 229, LPSV and 228; PORT, EPRT, LPRT and 200.
///
/// Refused, for example: `220 ready` and `EHLO` (SMTP); `+OK` and `USER` (POP3); `200 hello` and `USER` (poppassd).
package struct Candidate: Sendable {
    package enum Standing: Hashable, Sendable {
        case undecided
        /// It is a control connection, and this is the tuple of its client's packets.
        case control(Tuple)
        case other
    }

    /// Bytes of payload after which a connection that has not shown what it is will not be looked at any longer.
    ///
    /// Four lines of the longest kind; the longest greeting with a USER behind it is in sight of 2 KiB.
    static let maximumPayload = 16384

    /// The tuple of the packet that was seen first, and the opposite one.
    private let tuples: [2 of Tuple]
    private var streams: [2 of Stream]
    private var hasSpoken: [2 of Bool] = .init(repeating: false)
    /// Which of the two is the server's, once a handshake or a line has told.
    private var server: Int?
    private var hasGreeting = false
    private var hasUser = false
    private var lastCommand = Verb.other
    /// Bytes of payload so far.
    private var size = 0
    /// Lines of each side that are neither a command nor a reply, before its first that is one.
    private var textCount: [2 of Int] = .init(repeating: 0)
    /// Set if its handshake was not seen.
    private let isUnderWay: Bool

    /// Begins with the first packet of a connection, or the first that was seen; `receive` is to be given that one too.
    ///
    /// - Parameters:
    ///   - segment: a segment with the ACK flag.
    ///   - tuple: that of its direction, which the other direction has the opposite of.
    package init(_ segment: Segment, _ tuple: Tuple) {
        tuples = [tuple, tuple.inverted]
        streams = [Stream(next: segment.firstByte), Stream(next: segment.acknowledgement)]
        server = segment.flags.contains(.syn) ? 0 : nil
        isUnderWay = !segment.flags.contains(.syn)
    }

    /// Takes the next packet of the connection, in the direction that has this tuple.
    package mutating func receive(_ packet: Span<UInt8>, _ segment: Segment, _ tuple: Tuple) -> Standing {
        let own = tuple == tuples[0] ? 0 : 1
        if segment.flags.contains(.ack) { streams[1 - own].acknowledge(segment.acknowledgement) }
        let payload = packet.extracting(segment.payloadOffset..<segment.end)
        guard !payload.isEmpty else { return .undecided }
        size += payload.count
        guard size <= Candidate.maximumPayload else { return .other }
        var snapshot = Stream.Snapshot()
        _ = streams[own].insert(
            payload,
            at: segment.firstByte,
            hasFIN: segment.hasFIN,
            isInspected: true,
            snapshot: &snapshot,
            mayEdit: false
        )
        let bytes = streams[own].bytes
        while let line = streams[own].nextLine() {
            guard line.isWhole else { continue }
            let standing = classify(bytes.span.extracting(line.range), from: own)
            guard standing == .undecided else { return standing }
        }
        streams[own].withhold(0, since: &snapshot)
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

    /// Tells whether a line that is neither a command nor a reply may come before the first that is one.
    private mutating func isText(_ line: Span<UInt8>, from own: Int) -> Bool {
        textCount[own] += 1
        // The first line of a connection under way may have begun anywhere; what comes then is text.
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
