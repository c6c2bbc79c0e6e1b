// SPDX-License-Identifier: GPL-2.0-or-later

/// The bytes of a user's name.
///
/// Up to 15 bytes are stored inline, without an allocation.
enum UserName: Sendable {
    case short([15 of UInt8], count: UInt8)
    case long([UInt8])

    init(_ bytes: [UInt8] = []) {
        var room: [15 of UInt8] = .init(repeating: 0)
        if bytes.count <= room.count {
            for index in bytes.indices { room[index] = bytes[index] }
            self = .short(room, count: UInt8(bytes.count))
        } else {
            self = .long(bytes)
        }
    }

    var count: Int {
        switch self {
        case .short(_, let count): Int(count)
        case .long(let bytes): bytes.count
        }
    }

    subscript(index: Int) -> UInt8 {
        switch self {
        case .short(let bytes, _): bytes[index]
        case .long(let bytes): bytes[index]
        }
    }

    var bytes: [UInt8] { (0..<count).map { self[$0] } }
}
