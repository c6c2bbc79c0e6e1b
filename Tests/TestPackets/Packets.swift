// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper

/// An IPv4 packet with one TCP segment and without checksums, which the tests do not look at.
package func packet(
    _ tuple: Tuple,
    _ flags: TCPFlags,
    sequence: UInt32 = 1000,
    acknowledgement: UInt32 = 5000,
    _ text: String = ""
) -> [UInt8] {
    guard case (.v4(let source), .v4(let destination)) = (tuple.source.address, tuple.destination.address)
    else { return [] }
    func big(_ value: UInt32, _ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * (size - 1 - $0))) }
    }
    let payload = Array(text.utf8)
    var bytes: [UInt8] = [0x45, 0] + big(UInt32(40 + payload.count), 2) + [0, 0, 0x40, 0, 64, 6, 0, 0]
    bytes += big(source, 4) + big(destination, 4)
    bytes += big(UInt32(tuple.source.port), 2) + big(UInt32(tuple.destination.port), 2)
    bytes +=
        big(sequence, 4) + big(acknowledgement, 4) + [0x50, flags.rawValue] + big(0xffff, 2) + [0, 0, 0, 0]
    return bytes + payload
}
