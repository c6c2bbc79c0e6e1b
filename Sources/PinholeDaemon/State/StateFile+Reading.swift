import Netfilter

extension StateFile {
    /// What the header of a file says that this program has written since the machine was started.
    ///
    /// The last number is the version of the records: one that reads them otherwise needs another.
    package static func identity(ofBoot boot: String) -> [UInt8] { Array("pinhole state 2 \(boot)".utf8) }

    /// The identity of files that are written now.
    package static func currentIdentity() -> [UInt8] {
        identity(ofBoot: (try? TextFile.read("/proc/sys/kernel/random/boot_id")) ?? "")
    }

    /// The records in a file, the newest first; `nil` if it is damaged, or another's.
    ///
    /// Slots that were being written when the daemon was killed are passed over: what they were to say had not happened yet.
    package static func records(in bytes: [UInt8], identity: [UInt8]) -> [[UInt8]]? {
        guard bytes.count % slotSize == 0, let header = Slot(in: bytes, at: 0),
            header.data.elementsEqual(identity)
        else { return nil }
        var parts: [UInt64: [Slot]] = [:]
        for offset in stride(from: slotSize, to: bytes.count, by: slotSize) {
            guard let slot = Slot(in: bytes, at: offset) else { continue }
            parts[slot.sequence, default: []].append(slot)
        }
        return parts.sorted { $0.key > $1.key }.compactMap { _, slots in
            let slots = slots.sorted { $0.part < $1.part }
            guard slots.map(\.part) == Array(0..<slots[0].parts) else { return nil }
            return Array(slots.map(\.data).joined())
        }
    }

    /// One slot, as it was found.
    private struct Slot {
        let sequence: UInt64
        let part: Int
        let parts: Int
        let data: ArraySlice<UInt8>

        /// `nil` if it is free, or not whole.
        init?(in bytes: [UInt8], at offset: Int) {
            guard offset + slotSize <= bytes.count else { return nil }
            func number(_ range: Range<Int>) -> UInt64 {
                bytes[offset + range.lowerBound..<offset + range.upperBound].reduce(0) {
                    $0 << 8 | UInt64($1)
                }
            }
            sequence = number(4..<10)
            part = Int(number(10..<12))
            parts = Int(number(12..<14))
            let count = Int(number(14..<15))
            guard parts > 0, count <= dataSize else { return nil }
            data = bytes[offset + headerSize..<offset + headerSize + count]
            let slot = bytes.span.extracting(offset..<offset + slotSize)
            guard number(0..<4) == UInt64(checksum(slot)) else { return nil }
        }
    }
}
