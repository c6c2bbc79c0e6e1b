/// Up to eight truths in a byte of a record, in the order in which they are given.
struct Flags: Recordable {
    private var bits: UInt8 = 0

    init(_ flags: Bool...) {
        for (index, flag) in flags.enumerated() where flag { bits |= 1 << UInt8(index) }
    }

    func write(into record: inout [UInt8]) { record.append(bits) }
    init(reading record: inout RecordReader) throws(RecordError) { bits = try record.byte() }

    subscript(index: Int) -> Bool { bits >> UInt8(index) & 1 != 0 }
}
