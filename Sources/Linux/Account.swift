// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import Glibc

/// A user in the user database.
package struct Account: Hashable, Sendable {
    package let name: String
    /// The user id; 0 for root.
    package let user: UInt32
    /// The group id of the user's primary group.
    package let group: UInt32

    /// Looks up a user by name; `nil` if there is none.
    ///
    /// The corresponding C function is `getpwnam_r`.
    package init?(named name: String) throws(SystemError) {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        // Storage for all texts of the entry, home and shell included; a longer entry fails with ERANGE.
        var text = [CChar](repeating: 0, count: 16384)
        // Sound: the call fills in `entry` and at most `text.count` bytes, and `found` is nil or points to `entry`.
        let code = unsafe getpwnam_r(name, &entry, &text, text.count, &found)
        guard code == 0 else { throw SystemError("look up the user \(name)", code: code) }
        guard unsafe found != nil else { return nil }
        self.name = name
        unsafe user = entry.pw_uid
        unsafe group = entry.pw_gid
    }

    /// Irrevocably switches the process to this user and its primary group, without supplementary groups.
    ///
    /// The capabilities stay in the permitted set and leave the effective set.
    ///
    /// - Throws: `EPERM` without `CAP_SETUID` and `CAP_SETGID`.
    func become() throws(SystemError) {
        _ = try SystemError.check("become the user \(name)") { clinux_become(user, group) }
    }
}
