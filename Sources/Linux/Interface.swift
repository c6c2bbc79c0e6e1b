// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// Network interfaces.
package enum Interface {
    /// The names of the interfaces of this network namespace, by index.
    package static var names: [UInt32: String] {
        var names: [UInt32: String] = [:]
        for index in 1...maximumIndex {
            var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
            // Sound: the function writes at most IF_NAMESIZE bytes, the size of the array, with a NUL at the end.
            let isThere = unsafe name.withUnsafeMutableBufferPointer { buffer in
                unsafe if_indextoname(index, buffer.baseAddress) != nil
            }
            guard isThere else { continue }
            names[index] = String(
                decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
                as: UTF8.self
            )
        }
        return names
    }

    /// The last index that is looked at.
    private static var maximumIndex: UInt32 { 512 }
}
