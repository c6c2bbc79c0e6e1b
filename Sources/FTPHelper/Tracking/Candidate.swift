/// A TCP connection that may turn out to be a control connection, whatever its ports, by what its two sides say.
///
/// Its first line from one side has to be an FTP command, its first from the other a reply; anything else ends the matter, as in
/// S3 of the contract. It is a control connection as soon as there is, besides,
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

    /// Begins with the first packet of a connection, or the first that was seen; `receive` is to be given that one too.
    ///
    /// - Parameter segment: a segment with the ACK flag.
    package init(_ segment: Segment) {
        tuples = [segment.tuple, segment.tuple.inverted]
        streams = [Stream(next: segment.firstByte), Stream(next: segment.acknowledgement)]
        server = segment.flags.contains(.syn) ? 0 : nil
    }

    /// Takes the next packet of the connection.
    package mutating func receive(_ packet: Span<UInt8>, _ segment: Segment) -> Standing {
        let own = segment.tuple == tuples[0] ? 0 : 1
        if segment.flags.contains(.ack) { streams[1 - own].acknowledge(segment.acknowledgement) }
        let payload = packet.extracting(segment.payloadOffset..<segment.end)
        guard !payload.isEmpty else { return .undecided }
        size += payload.count
        guard size <= Candidate.maximumPayload else { return .other }
        var before = Stream.Before()
        _ = streams[own].admit(
            payload,
            at: segment.firstByte,
            hasFIN: segment.flags.contains(.fin),
            isInspected: true,
            before: &before,
            mayEdit: false
        )
        let bytes = streams[own].bytes
        while let line = streams[own].nextLine() {
            let standing = read(bytes.span.extracting(line), from: own)
            guard standing == .undecided else { return standing }
        }
        streams[own].hold(0, &before)
        return .undecided
    }

    private mutating func read(_ line: Span<UInt8>, from own: Int) -> Standing {
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
            return hasSpoken[own] || Command.end(of: line) == 0 ? .undecided : .other
        }
        guard let server, hasGreeting, hasUser else { return .undecided }
        return .control(tuples[1 - server])
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
