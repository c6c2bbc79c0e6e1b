// SPDX-License-Identifier: GPL-2.0-or-later
extension IPAddress: Recordable {
    func write(into record: inout RecordWriter) {
        switch self {
        case .v4(let value):
            false.write(into: &record)
            record.put(value, bits: 32)
        case .v6(let high, let low):
            true.write(into: &record)
            record.put(high, bits: 64)
            record.put(low, bits: 64)
        }
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self =
            try record.next()
            ? .v6(high: try record.bits(64), low: try record.bits(64)) : .v4(try record.bits(32))
    }
}

extension Endpoint: Recordable {
    func write(into record: inout RecordWriter) {
        address.write(into: &record)
        record.put(port, bits: 16)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init(try record.next(), try record.bits(16))
    }
}

extension Tuple: Recordable {
    func write(into record: inout RecordWriter) {
        source.write(into: &record)
        destination.write(into: &record)
        record.put(zone, bits: 16)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init(source: try record.next(), destination: try record.next(), zone: try record.bits(16))
    }
}

extension Mapping: Recordable {
    func write(into record: inout RecordWriter) {
        original.write(into: &record)
        reply.write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init(original: try record.next(), reply: try record.next())
    }
}

extension CompactMapping.ShortTuple: Recordable {
    func write(into record: inout RecordWriter) {
        record.put(UInt64(source) << 32 | UInt64(destination), bits: 64)
        record.put(UInt32(sourcePort) << 16 | UInt32(destinationPort), bits: 32)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        destination = try record.bits(32)
        source = try record.bits(32)
        destinationPort = try record.bits(16)
        sourcePort = try record.bits(16)
    }
}

extension CompactMapping: Recordable {
    func write(into record: inout RecordWriter) {
        switch self {
        case .short(let original, let reply):
            true.write(into: &record)
            original.write(into: &record)
            reply.write(into: &record)
        case .long(let mapping):
            false.write(into: &record)
            mapping.write(into: &record)
        }
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self =
            if try record.next(Bool.self) {
                .short(original: try record.next(), reply: try record.next())
            } else {
                // The record may still contain an IPv4 mapping in zone 0.
                CompactMapping(try record.next())
            }
    }
}
