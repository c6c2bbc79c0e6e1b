// SPDX-License-Identifier: GPL-2.0-or-later
extension Verb: Recordable {}

/// Written in the same format as an array of bytes.
extension UserName: Recordable {
    func write(into record: inout RecordWriter) {
        count.write(into: &record)
        switch self {
        case .short(let bytes, let count):
            for index in 0..<Int(count) { record.put(bytes[index], bits: 8) }
        case .long(let bytes):
            for byte in bytes { record.put(byte, bits: 8) }
        }
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init(try record.next([UInt8].self))
    }
}

extension VerbQueue: Recordable {
    func write(into record: inout RecordWriter) {
        count.write(into: &record)
        // Queued verbs are among the first sixteen.
        for index in 0..<count { record.put(self[index].rawValue, bits: 4) }
        forgotten.write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init()
        let count: Int = try record.next()
        guard (0...VerbQueue.capacity).contains(count) else { throw RecordError() }
        for _ in 0..<count {
            guard let verb = Verb(rawValue: try record.bits(4)) else { throw RecordError() }
            append(verb)
        }
        forgotten = try record.next()
    }
}

extension HandshakeEvidence: Recordable {
    func write(into record: inout RecordWriter) {
        Flags(isBehindLongest, isCounting).write(into: &record)
        longest.write(into: &record)
        count.write(into: &record)
        matched.write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        let flags: Flags = try record.next()
        isBehindLongest = flags[0]
        isCounting = flags[1]
        longest = try record.next()
        count = try record.next()
        matched = try record.next()
        guard isSound else { throw RecordError() }
    }
}

extension TLSRecords: Recordable {
    func write(into record: inout RecordWriter) {
        let isIdle = remaining == 0 && headerCount == 0
        Flags(
            isLost,
            progress.rawValue & 1 != 0,
            progress.rawValue & 2 != 0,
            progress.rawValue & 4 != 0,
            isIdle,
            evidence == nil
        ).write(into: &record)
        if let evidence { evidence.write(into: &record) }
        guard !isIdle else { return }
        remaining.write(into: &record)
        headerCount.write(into: &record)
        type.write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init()
        let flags: Flags = try record.next()
        isLost = flags[0]
        let number: UInt8 = (flags[1] ? 1 : 0) | (flags[2] ? 2 : 0) | (flags[3] ? 4 : 0)
        guard let progress = Progress(rawValue: number) else { throw RecordError() }
        self.progress = progress
        if !flags[5] { evidence = try record.next(HandshakeEvidence.self) }
        guard !flags[4] else { return }
        remaining = try record.next()
        headerCount = try record.next()
        guard headerCount < 5 else { throw RecordError() }
        type = try record.next()
    }
}

extension Session {
    /// Continues with a command whose line began before the restart: it will be answered like any other.
    ///
    /// Before USER, the end of the line could show that the client does not speak FTP, as it does in an HTTP
    /// request. It will not be read, so the connection counts as not FTP.
    mutating func resume(_ command: Verb) {
        guard !isBeforeLogin || userName.count > 0 else {
            _ = refuseBeginning()
            return
        }
        clientHasSpoken = true
        push(command, isQuoting: command == .other)
    }

    /// Records that an unfinished line of the server will not be read.
    ///
    /// The line may answer a command, or begin a multi-line reply, inside which nothing counts as a reply.
    mutating func skip(partialReply line: Span<UInt8>) {
        isSynchronised = false
        clientSpokeLast = false
        guard continuedCode == 0 else { return }
        guard let reply = Reply(parsing: line) else {
            hasMissedReply = true
            return
        }
        if reply.isContinued { continuedCode = reply.code }
    }
}

extension Session.Phase {
    /// Its number in a record.
    fileprivate var number: UInt8 {
        switch self {
        case .greeting: 0
        case .login: 1
        case .ready: 2
        case .encrypted: 3
        case .notFTP: 4
        case .loginUnknown: 5
        }
    }

    /// `nil` for a number that no phase has; `encryption` is the TLS session, if there is one.
    fileprivate init?(_ number: UInt8, _ encryption: Encryption) {
        switch number {
        case 0: self = .greeting
        case 1: self = .login
        case 2: self = .ready
        case 3: self = .encrypted(encryption)
        case 4: self = .notFTP
        case 5: self = .loginUnknown
        default: return nil
        }
    }
}

extension Session: Recordable {
    @inline(__always)
    func write(into record: inout RecordWriter) {
        phase.number.write(into: &record)
        userName.write(into: &record)
        outstanding.write(into: &record)
        nextOrdinal.write(into: &record)
        continuedCode.write(into: &record)
        unendedCode.write(into: &record)
        commandsSinceQuoting.write(into: &record)
        // What is not encrypted is plain.
        let encryption = encryption
        (encryption?.clientRecords ?? TLSRecords()).write(into: &record)
        (encryption?.serverRecords ?? TLSRecords()).write(into: &record)
        Flags(
            isAdopted,
            isSynchronised,
            clientHasSpoken,
            serverHasSpoken,
            encryption?.isImplicit ?? false,
            encryption?.clientIsPlain ?? true,
            encryption?.serverIsPlain ?? true
        ).write(into: &record)
        Flags(
            encryption?.isDistrusted ?? false,
            clientSpokeLast,
            isAwaitingReply,
            isTransferring,
            hasRefusedSolicitor,
            hasProxyHeader
        ).write(into: &record)
        Flags(hasMissedReply, isASCII).write(into: &record)
        linesBeforeReply.write(into: &record)
        directory.write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init(isAdopted: true)
        let number: UInt8 = try record.next()
        userName = try record.next()
        outstanding = try record.next()
        nextOrdinal = try record.next()
        continuedCode = try record.next()
        unendedCode = try record.next()
        commandsSinceQuoting = try record.next()
        var encryption = Encryption()
        encryption.clientRecords = try record.next()
        encryption.serverRecords = try record.next()
        let flags: Flags = try record.next()
        isAdopted = flags[0]
        isSynchronised = flags[1]
        clientHasSpoken = flags[2]
        serverHasSpoken = flags[3]
        encryption.isImplicit = flags[4]
        encryption.clientIsPlain = flags[5]
        encryption.serverIsPlain = flags[6]
        let more: Flags = try record.next()
        encryption.isDistrusted = more[0]
        guard let phase = Phase(number, encryption) else { throw RecordError() }
        self.phase = phase
        clientSpokeLast = more[1]
        isAwaitingReply = more[2]
        isTransferring = more[3]
        hasRefusedSolicitor = more[4]
        hasProxyHeader = more[5]
        let missed: Flags = try record.next()
        hasMissedReply = missed[0]
        isASCII = missed[1]
        linesBeforeReply = try record.next()
        guard linesBeforeReply <= Session.maximumLinesBeforeReply else { throw RecordError() }
        directory = try record.next()
    }
}
