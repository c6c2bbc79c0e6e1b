// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// Network interfaces.
package enum Interface {
    /// The name of an interface of this network namespace; `nil` if there is none with this index.
    package static func name(of index: UInt32) -> String? {
        var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        // Sound: the function writes at most IF_NAMESIZE bytes, the size of the array, with a NUL at the end.
        let isThere = unsafe name.withUnsafeMutableBufferPointer { buffer in
            unsafe if_indextoname(index, buffer.baseAddress) != nil
        }
        guard isThere else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
