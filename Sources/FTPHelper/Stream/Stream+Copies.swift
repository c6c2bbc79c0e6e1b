// SPDX-License-Identifier: GPL-2.0-or-later

/// Comparison of payloads with the first copies of their bytes.
///
/// The comparison works on ranges, never on single bytes. Otherwise a sender of many early segments could
/// make each later segment as expensive as all of them together.
extension Stream {
    /// The part of a payload of which a first copy is kept.
    private struct Copy {
        /// Offsets in the payload.
        let range: Range<Int>
        /// Offset in the kept bytes minus offset in the payload.
        let shift: Int

        /// - Parameters:
        ///   - size: size of the payload.
        ///   - position: position of its first byte.
        ///   - start: position of the first kept byte.
        ///   - count: number of kept bytes.
        init?(ofPayload size: Int, at position: SequenceNumber, start: SequenceNumber, count: Int) {
            let offset = position.distance(to: start)
            let first = max(offset, 0)
            let end = min(offset + count, size)
            guard first < end else { return nil }
            range = first..<end
            shift = -offset
        }
    }

    private func copyInBytes(ofPayload size: Int, at position: SequenceNumber) -> Copy? {
        Copy(ofPayload: size, at: position, start: next - bytes.count, count: bytes.count)
    }

    private func copy(in fragment: Fragment, ofPayload size: Int, at position: SequenceNumber) -> Copy? {
        Copy(ofPayload: size, at: position, start: fragment.start, count: fragment.bytes.count)
    }

    /// Tells whether a payload differs from the first copy of its unacknowledged bytes.
    func differs(_ payload: Span<UInt8>, at position: SequenceNumber) -> Bool {
        let acknowledgedCount = max(0, position.distance(to: acknowledged))
        if let copy = copyInBytes(ofPayload: payload.count, at: position) {
            for index in max(
                copy.range.lowerBound,
                acknowledgedCount
            )..<max(
                copy.range.upperBound,
                acknowledgedCount
            )
            where bytes[index + copy.shift] != payload[index] { return true }
        }
        for fragment in ahead {
            guard let copy = copy(in: fragment, ofPayload: payload.count, at: position) else { continue }
            for index in copy.range where fragment.bytes[index + copy.shift] != payload[index] { return true }
        }
        return false
    }

    /// Replaces the bytes of a payload by their first copies, where these are kept.
    ///
    /// - Parameters:
    ///   - output: an array that ends with the payload.
    ///   - count: size of the payload.
    ///   - position: position of its first byte.
    func restoreFirstCopies(in output: inout [UInt8], count: Int, at position: SequenceNumber) {
        let start = output.count - count
        var target = output.mutableSpan
        if let copy = copyInBytes(ofPayload: count, at: position) {
            for index in copy.range { target[start + index] = bytes[index + copy.shift] }
        }
        for fragment in ahead {
            guard let copy = copy(in: fragment, ofPayload: count, at: position) else { continue }
            for index in copy.range { target[start + index] = fragment.bytes[index + copy.shift] }
        }
    }

    /// Returns the kept bytes between two positions.
    func copy(_ start: SequenceNumber, _ end: SequenceNumber) -> [UInt8] {
        guard start.isBefore(end),
            let copy = copyInBytes(ofPayload: start.distance(to: end), at: start)
        else { return [] }
        return Array(bytes[copy.range.lowerBound + copy.shift..<copy.range.upperBound + copy.shift])
    }

    /// Keeps the bytes of an early payload that were not kept before, as far as the limits allow.
    mutating func keepFirstCopy(_ payload: Span<UInt8>, at position: SequenceNumber) {
        let allowance = allowance
        var room = allowance.ahead - ahead.reduce(0) { $0 + $1.bytes.count }
        var index = 0
        var offset = 0
        // The fragments are sorted and do not overlap.
        while offset < payload.count {
            var end = payload.count
            var following = payload.count
            if index < ahead.count {
                end = min(end, max(offset, position.distance(to: ahead[index].start)))
                following = max(offset, position.distance(to: ahead[index].end))
            }
            if offset < end {
                guard end - offset <= room, ahead.count < allowance.fragments else { return }
                var bytes: [UInt8] = []
                bytes.append(payload, from: offset, count: end - offset)
                ahead.insert(Fragment(start: position + offset, bytes: bytes), at: index)
                room -= end - offset
                index += 1
            }
            offset = following
            index += 1
        }
    }
}
