// SPDX-License-Identifier: GPL-2.0-or-later

/// Up to seven Booleans, packed into seven bits of a record.
struct Flags: Recordable {
    private var bits: UInt8 = 0

    init(
        _ first: Bool,
        _ second: Bool = false,
        _ third: Bool = false,
        _ fourth: Bool = false,
        _ fifth: Bool = false,
        _ sixth: Bool = false,
        _ seventh: Bool = false
    ) {
        // An array would be an allocation for each record.
        bits = (first ? 1 : 0) | (second ? 2 : 0) | (third ? 4 : 0) | (fourth ? 8 : 0)
        bits |= (fifth ? 16 : 0) | (sixth ? 32 : 0) | (seventh ? 64 : 0)
    }

    func write(into record: inout RecordWriter) { record.put(bits, bits: 7) }
    init(reading record: inout RecordReader) throws(RecordError) { bits = try record.bits(7) }

    subscript(index: Int) -> Bool { bits >> UInt8(index) & 1 != 0 }
}
