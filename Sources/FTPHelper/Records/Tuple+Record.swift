extension IPAddress: Recordable {
    func write(into record: inout [UInt8]) {
        switch self {
        case .v4(let value):
            UInt8(4).write(into: &record)
            record.appendWord(value)
        case .v6(let high, let low):
            UInt8(6).write(into: &record)
            for word in [high >> 32, high, low >> 32, low] {
                record.appendWord(UInt32(truncatingIfNeeded: word))
            }
        }
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        switch try record.byte() {
        case 4: self = .v4(try record.word())
        case 6:
            var words: [4 of UInt64] = .init(repeating: 0)
            for index in words.indices { words[index] = UInt64(try record.word()) }
            self = .v6(high: words[0] << 32 | words[1], low: words[2] << 32 | words[3])
        default: throw RecordError()
        }
    }
}

extension Endpoint: Recordable {
    func write(into record: inout [UInt8]) {
        address.write(into: &record)
        port.write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init(try record.next(), try record.next())
    }
}

extension Tuple: Recordable {
    func write(into record: inout [UInt8]) {
        source.write(into: &record)
        destination.write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init(source: try record.next(), destination: try record.next())
    }
}

/// The original tuple, and of the reply tuple what NAT has made different.
extension Mapping: Recordable {
    func write(into record: inout [UInt8]) {
        original.write(into: &record)
        let plain = original.inverted
        (reply.source == plain.source ? nil : reply.source).write(into: &record)
        (reply.destination == plain.destination ? nil : reply.destination).write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        let original: Tuple = try record.next()
        var reply = original.inverted
        if let source: Endpoint = try record.next() { reply.source = source }
        if let destination: Endpoint = try record.next() { reply.destination = destination }
        self.init(original: original, reply: reply)
    }
}
