// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Linux
import Messages

extension UserError {
    /// An error of the system, with what helps against it.
    init(_ error: SystemError) {
        let hint =
            switch error.code {
            case EADDRNOTAVAIL: "give an address of this machine with --local"
            case EADDRINUSE: "stop the other program, or choose another port with --port, on both machines"
            case ENOPROTOOPT: "leave out --key: the kernel has no TCP signatures (CONFIG_TCP_MD5SIG)"
            case EINVAL: "give numeric addresses of the same family"
            case EACCES, EPERM: "run it as the user of the daemon, or as root"
            default: "see the kernel's log"
            }
        self.init(error.description, hint: hint)
    }
}
