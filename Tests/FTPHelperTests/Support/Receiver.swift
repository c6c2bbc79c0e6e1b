// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// The receiving half of an ideal TCP: puts bytes in order, keeps the first copy of each.
struct Receiver {
    /// Number of the first byte that is kept.
    private(set) var initial: SequenceNumber
    private(set) var received: [UInt8] = []
    private var early: [Int: UInt8] = [:]

    init(next: SequenceNumber) { initial = next }

    /// Number of the byte that is due.
    var next: SequenceNumber { initial + received.count }

    /// Forgets the bytes received so far.
    mutating func clear() {
        initial = next
        received = []
        early = [:]
    }

    mutating func receive(_ bytes: some Collection<UInt8>, at position: SequenceNumber) {
        let start = initial.distance(to: position)
        for (index, byte) in bytes.enumerated() where start + index >= received.count {
            if early[start + index] == nil { early[start + index] = byte }
        }
        while let byte = early.removeValue(forKey: received.count) { received.append(byte) }
    }
}
