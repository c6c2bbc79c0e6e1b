// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
import Linux

extension StateFile {
    /// What a file contains.
    package struct Contents {
        /// See `StateFile`.
        package let term: UInt64
        /// When the daemon that wrote it began, on the clock of its machine; 0 if an earlier program wrote it.
        package let began: Instant
        /// Number of the last change of which the file shows anything.
        package let sequence: UInt64
        /// The records, newest first.
        package let records: [Record]
        /// What `writeOrigin` has written.
        let origin: [UInt64]?
    }

    /// A record, and the place of its first slot.
    package struct Record {
        package let place: Int
        package let words: [UInt64]
    }

    /// The header of a state file of this version, written since the last boot.
    ///
    /// It contains the version of the records (`KeptConnection.version`) and the identity of the boot.
    package static func identity(
        _ kind: String = "state",
        version: UInt64 = KeptConnection.version,
        ofBoot boot: String
    ) -> [UInt64] {
        let text = Array("pinhole \(kind) \(version) \(boot)".utf8)
        return words(of: text + repeatElement(0, count: -text.count & 7))
    }

    /// The identities of the files of this boot that can be read, the newest version first.
    static func readableIdentities(_ kind: String = "state") -> [[UInt64]] {
        let boot = currentBoot
        return KeptConnection.readableVersions.reversed().map { identity(kind, version: $0, ofBoot: boot) }
    }

    /// The identity of files that this boot writes.
    package static func currentIdentity() -> [UInt64] { identity(ofBoot: currentBoot) }

    /// The identifier of this boot.
    static var currentBoot: String { (try? TextFile.read("/proc/sys/kernel/random/boot_id")) ?? "" }

    /// The contents of a file; `nil` if it is damaged or its identity differs.
    ///
    /// Skips slots that were being written when the daemon was killed: their changes had not taken effect yet.
    package static func contents(of bytes: [UInt8], identity: [UInt64]) -> Contents? {
        let words = words(of: bytes)
        let slots = stride(from: 0, to: words.count, by: slotSize).map { Slot(in: words, at: $0) }
        guard bytes.count % slotBytes == 0, let header = slots.first ?? nil,
            header.data.starts(with: identity)
        else { return nil }
        let firsts = slots.indices.dropFirst().filter { slots[$0]?.role == .first }
        let newest = firsts.sorted { slots[$0]?.sequence ?? 0 > slots[$1]?.sequence ?? 0 }
        return Contents(
            term: header.data.dropFirst(identity.count).first ?? 0,
            began: Instant(nanoseconds: header.data.dropFirst(identity.count + 1).first ?? 0),
            // Those of free slots too, which tell of records that were removed.
            sequence: slots.indices.reduce(0) { max($0, words[$1 * slotSize + 1] >> 16) },
            records: newest.compactMap { place in
                guard let first = slots[place], let data = data(from: first, in: slots) else { return nil }
                return Record(place: place, words: data)
            },
            origin: slots.lazy.compactMap { $0 }.first { $0.role == .origin }.map { Array($0.data) }
        )
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
