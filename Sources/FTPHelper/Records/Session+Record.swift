extension Verb: Recordable {}
extension Session.Phase: Recordable {}

/// Written as its bytes are.
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
        for index in 0..<count { self[index].write(into: &record) }
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init()
        let count: Int = try record.next()
        guard (0...VerbQueue.capacity).contains(count) else { throw RecordError() }
        for _ in 0..<count {
            guard append(try record.next()) else { throw RecordError() }
        }
    }
}

extension TLSRecords: Recordable {
    func write(into record: inout RecordWriter) {
        let isIdle = remaining == 0 && headerCount == 0
        Flags(isLost, progress.rawValue & 1 != 0, progress.rawValue & 2 != 0, isIdle).write(into: &record)
        guard !isIdle else { return }
        remaining.write(into: &record)
        headerCount.write(into: &record)
        type.write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init()
        let flags: Flags = try record.next()
        isLost = flags[0]
        progress = Progress(rawValue: (flags[1] ? 1 : 0) | (flags[2] ? 2 : 0)) ?? .nothing
        guard !flags[3] else { return }
        remaining = try record.next()
        headerCount = try record.next()
        guard headerCount < 5 else { throw RecordError() }
        type = try record.next()
    }
}

extension Session {
    /// Goes on with a command whose line had begun before: it will be answered like any other.
    mutating func resume(_ command: Verb) {
        clientHasSpoken = true
        push(command)
    }

    /// Takes the session as logged in (contract S2), since lines that came too early have been lost.
    mutating func adopt() {
        if phase == .greeting || phase == .login { phase = .ready }
        isSynchronised = false
        clientHasSpoken = true
        serverHasSpoken = true
    }
}

extension Session: Recordable {
    @inline(__always)
    func write(into record: inout RecordWriter) {
        phase.write(into: &record)
        userName.write(into: &record)
        outstanding.write(into: &record)
        nextOrdinal.write(into: &record)
        continuedCode.write(into: &record)
        clientRecords.write(into: &record)
        serverRecords.write(into: &record)
        Flags(
            isAdopted,
            isSynchronised,
            clientHasSpoken,
            serverHasSpoken,
            isImplicit,
            clientIsPlain,
            serverIsPlain
        ).write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init(isAdopted: true)
        phase = try record.next()
        userName = try record.next()
        outstanding = try record.next()
        nextOrdinal = try record.next()
        continuedCode = try record.next()
        clientRecords = try record.next()
        serverRecords = try record.next()
        let flags: Flags = try record.next()
        isAdopted = flags[0]
        isSynchronised = flags[1]
        clientHasSpoken = flags[2]
        serverHasSpoken = flags[3]
        isImplicit = flags[4]
        clientIsPlain = flags[5]
        serverIsPlain = flags[6]
    }
}
