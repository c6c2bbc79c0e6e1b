import Netfilter

extension StateFile {
    /// What the header of a file says that this program has written since the machine was started.
    ///
    /// The last number is the version of the records: one that reads them otherwise needs another.
    package static func identity(ofBoot boot: String) -> [UInt64] {
        let text = Array("pinhole state 4 \(boot)".utf8)
        return words(of: text + repeatElement(0, count: -text.count & 7))
    }

    /// The identity of files that are written now.
    package static func currentIdentity() -> [UInt64] {
        identity(ofBoot: (try? TextFile.read("/proc/sys/kernel/random/boot_id")) ?? "")
    }

    /// The records in a file, the newest first; `nil` if it is damaged, or another's.
    ///
    /// Slots that were being written when the daemon was killed are passed over: what they were to say had not happened yet.
    package static func records(in bytes: [UInt8], identity: [UInt64]) -> [[UInt64]]? {
        let words = words(of: bytes)
        guard bytes.count % slotBytes == 0, let header = Slot(in: words, at: 0),
            header.data.elementsEqual(identity)
        else { return nil }
        var parts: [UInt64: [Slot]] = [:]
        for offset in stride(from: slotSize, to: words.count, by: slotSize) {
            guard let slot = Slot(in: words, at: offset) else { continue }
            parts[slot.sequence, default: []].append(slot)
        }
        return parts.sorted { $0.key > $1.key }.compactMap { _, slots in
            let slots = slots.sorted { $0.part < $1.part }
            guard slots.map(\.part) == Array(0..<slots[0].parts) else { return nil }
            return Array(slots.map(\.data).joined())
        }
    }

    /// Bytes as the words that they are in memory, as far as these are whole.
    private static func words(of bytes: [UInt8]) -> [UInt64] {
        (0..<bytes.count / 8).map { index in
            UInt64(littleEndian: (0..<8).reduce(0) { $0 | UInt64(bytes[index * 8 + $1]) << UInt64(8 * $1) })
        }
    }

    /// One slot, as it was found.
    private struct Slot {
        let sequence: UInt64
        let part: Int
        let parts: Int
        let data: ArraySlice<UInt64>

        /// `nil` if it is free, or not whole.
        init?(in words: [UInt64], at offset: Int) {
            guard offset + slotSize <= words.count else { return nil }
            part = Int(words[offset] >> 16 & 0xffff)
            parts = Int(words[offset] & 0xffff)
            sequence = words[offset + 1] >> 16
            let count = Int(words[offset + 1] & 0xffff)
            guard parts > 0, count <= dataSize else { return nil }
            data = words[offset + 2..<offset + 2 + count]
            let slot = words.span.extracting(offset..<offset + slotSize)
            guard words[offset] >> 32 == UInt64(checksum(slot)) else { return nil }
        }
    }
}
