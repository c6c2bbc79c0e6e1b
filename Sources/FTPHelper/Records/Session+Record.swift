extension Verb: Recordable {}
extension Session.Phase: Recordable {}

/// Written as its bytes are.
extension UserName: Recordable {
    func write(into record: inout [UInt8]) {
        count.write(into: &record)
        for index in 0..<count { record.append(self[index]) }
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init(try record.next([UInt8].self))
    }
}

extension VerbQueue: Recordable {
    func write(into record: inout [UInt8]) {
        UInt8(count).write(into: &record)
        for index in 0..<count { self[index].write(into: &record) }
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init()
        for _ in 0..<(try record.byte()) {
            guard append(try record.next()) else { throw RecordError() }
        }
    }
}

extension TLSRecords: Recordable {
    func write(into record: inout [UInt8]) {
        remaining.write(into: &record)
        headerCount.write(into: &record)
        for index in 0..<Int(headerCount) { header[index].write(into: &record) }
        Flags(isLost, progress.rawValue & 1 != 0, progress.rawValue & 2 != 0).write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init()
        remaining = try record.next()
        headerCount = try record.next()
        guard headerCount < header.count else { throw RecordError() }
        for index in 0..<Int(headerCount) { header[index] = try record.next() }
        let flags: Flags = try record.next()
        isLost = flags[0]
        progress = Progress(rawValue: (flags[1] ? 1 : 0) | (flags[2] ? 2 : 0)) ?? .nothing
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
    func write(into record: inout [UInt8]) {
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
