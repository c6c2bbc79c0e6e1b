// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Linux

extension StateFile {
    /// The header of a state file of this version, written since the last boot.
    ///
    /// It contains the version of the records (`KeptConnection.version`) and the identity of the boot.
    package static func identity(ofBoot boot: String) -> [UInt64] {
        let text = Array("pinhole state \(KeptConnection.version) \(boot)".utf8)
        return words(of: text + repeatElement(0, count: -text.count & 7))
    }

    /// The identity of files that this boot writes.
    package static func currentIdentity() -> [UInt64] {
        identity(ofBoot: (try? TextFile.read("/proc/sys/kernel/random/boot_id")) ?? "")
    }

    /// The records in a file, newest first; `nil` if it is damaged or its identity differs.
    ///
    /// Skips slots that were being written when the daemon was killed: their changes had not taken effect yet.
    package static func records(in bytes: [UInt8], identity: [UInt64]) -> [[UInt64]]? {
        let words = words(of: bytes)
        let slots = stride(from: 0, to: words.count, by: slotSize).map { Slot(in: words, at: $0) }
        guard bytes.count % slotBytes == 0, let header = slots.first ?? nil,
            header.data.elementsEqual(identity)
        else { return nil }
        let firsts = slots.dropFirst().compactMap { $0 }.filter { $0.role == .first }
        return firsts.sorted { $0.sequence > $1.sequence }.compactMap { data(from: $0, in: slots) }
    }

    /// The data of a record; `nil` if it is incomplete.
    private static func data(from first: Slot, in slots: [Slot?]) -> [UInt64]? {
        var data = Array(first.data)
        var next = first.next
        var count = 1
        while next != 0 {
            guard next < slots.count, let slot = slots[next], slot.role == .other,
                slot.sequence == first.sequence, count < slots.count
            else { return nil }
            data += slot.data
            next = slot.next
            count += 1
        }
        return data
    }

    /// The bytes as words in host byte order; an incomplete last word is left out.
    static func words(of bytes: [UInt8]) -> [UInt64] {
        (0..<bytes.count / 8).map { index in
            UInt64(littleEndian: (0..<8).reduce(0) { $0 | UInt64(bytes[index * 8 + $1]) << UInt64(8 * $1) })
        }
    }

    /// A slot as read from the file.
    private struct Slot {
        let role: Role
        let sequence: UInt64
        let next: Int
        let data: ArraySlice<UInt64>

        /// `nil` if it is free or incomplete.
        init?(in words: [UInt64], at offset: Int) {
            guard offset + slotSize <= words.count,
                let role = Role(rawValue: UInt8(truncatingIfNeeded: words[offset + 1] >> 8)), role != .free
            else { return nil }
            self.role = role
            next = Int(words[offset] & 0xffff_ffff)
            sequence = words[offset + 1] >> 16
            let count = Int(words[offset + 1] & 0xff)
            guard count <= dataSize else { return nil }
            data = words[offset + 2..<offset + 2 + count]
            let slot = words.span.extracting(offset..<offset + slotSize)
            guard words[offset] >> 32 == UInt64(checksum(slot)) else { return nil }
        }
    }
}
