import CLinux
import Glibc

/// A user as the user database has it.
package struct Account: Hashable, Sendable {
    package let name: String
    /// Its number, 0 for root.
    package let user: UInt32
    /// The number of its primary group.
    package let group: UInt32

    /// Looks the user of that name up; `nil` if there is none.
    ///
    /// The corresponding C function is `getpwnam_r`.
    package init?(named name: String) throws(SystemError) {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        // Home, shell and all, which nobody asks for; a longer entry is ERANGE.
        var text = [CChar](repeating: 0, count: 16384)
        // Sound: the call fills in `entry` and at most `text.count` bytes, and `found` is nil or points to `entry`.
        let code = unsafe getpwnam_r(name, &entry, &text, text.count, &found)
        guard code == 0 else { throw SystemError("look up the user \(name)", code: code) }
        guard unsafe found != nil else { return nil }
        self.name = name
        unsafe user = entry.pw_uid
        unsafe group = entry.pw_gid
    }

    /// Becomes this user and its primary group, of no further groups, for good.
    ///
    /// The capabilities stay permitted, and are no longer effective; `EPERM` without `CAP_SETUID` and `CAP_SETGID`.
    func become() throws(SystemError) {
        _ = try SystemError.check("become the user \(name)") { clinux_become(user, group) }
    }
}
