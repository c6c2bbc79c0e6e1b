// SPDX-License-Identifier: GPL-2.0-or-later

/// Collects the changes of the state files for those who follow them; keeps nothing while nobody does.
package struct RecordChanges {
    /// Whether anybody follows.
    package var isFollowed = false {
        didSet { if !isFollowed { bytes = [] } }
    }
    private var bytes: [UInt8] = []

    package var isEmpty: Bool { bytes.isEmpty }

    mutating func append(_ frame: @autoclosure () -> Frame) {
        guard isFollowed else { return }
        frame().write(to: &bytes)
    }

    /// Returns what was collected, as it is on the wire, and clears it.
    package mutating func drain() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }
}
