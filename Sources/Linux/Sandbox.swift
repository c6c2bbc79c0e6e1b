// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import Glibc

/// The restrictions that the daemon puts on itself after it has opened everything that it needs.
///
/// An attacker who takes over the daemon can then neither open files nor start programs, and is not root. Access to
/// conntrack and the sets is left, which the daemon needs for its work.
package enum Sandbox {
    /// Irrevocably gives up all capabilities but `CAP_NET_ADMIN`, switches to `account`, and forbids all system calls that
    /// the daemon does not need.
    ///
    /// To be called before other threads exist, which would keep their privileges.
    ///
    /// - Parameter account: The user to switch to; `nil` to stay.
    /// - Returns: Whether the kernel can filter system calls; if not, only the other restrictions apply.
    /// - Throws: The error of a system call.
    package static func enter(as account: Account?) throws(SystemError) -> Bool {
        // First, because it needs CAP_SETPCAP.
        try Capabilities.emptyBoundingSet()
        try account?.become()
        try Capabilities.keep(only: .networkAdministration)
        _ = try SystemError.check("forbid new privileges") { clinux_forbid_new_privileges() }
        SignalDescriptor.dieOfCrashes()
        guard clinux_has_seccomp() else { return false }
        let filter = try SystemCallFilter.open()
        for name in allowed { try filter.allow(name) }
        // No new executable memory.
        for name in ["mmap", "mprotect"] {
            try filter.allow(name, where: [.lacks(argument: 2, UInt64(PROT_EXEC))])
        }
        // Netlink messages and answers to clients. To an IP address, at most 60 bytes: a packet without payload.
        try filter.allow("sendto", where: [.atMost(argument: 5, netlinkAddressSize)])
        try filter.allow("sendto", where: [.atMost(argument: 5, 28), .atMost(argument: 2, 60)])
        // Its mark, which may choose its route.
        try filter.allow(
            "setsockopt",
            where: [.equals(argument: 1, UInt64(SOL_SOCKET)), .equals(argument: 2, UInt64(SO_MARK))]
        )
        // The peer's user, but not the options by which iptables reads rules. Reserving space, but not punching holes.
        try filter.allow(
            "getsockopt",
            where: [.equals(argument: 1, UInt64(SOL_SOCKET)), .equals(argument: 2, UInt64(SO_PEERCRED))]
        )
        try filter.allow("fallocate", where: [.equals(argument: 1, 0)])
        // For abort(3); signals to this process only.
        try filter.allow("tgkill", where: [.equals(argument: 0, UInt64(getpid()))])
        try filter.load()
        return true
    }

    /// `sizeof(struct sockaddr_nl)`, which is less than the size of an IP address structure.
    private static let netlinkAddressSize: UInt64 = 12

    /// The system calls that are allowed with any arguments; of calls with an older and a newer form, both.
    private static let allowed = [
        // Packets and netlink answers.
        "recvmmsg", "recvmsg",
        // Clients, the log, queue statistics, signals.
        "accept", "accept4", "recvfrom", "read", "pread64", "write", "close",
        // Waiting; restart_syscall continues a call after SIGSTOP.
        "epoll_ctl", "epoll_wait", "epoll_pwait", "poll", "ppoll", "restart_syscall",
        // Memory, and the mapped state file.
        "brk", "munmap", "mremap", "madvise", "futex",
        // The time, where the vDSO cannot tell it, and random numbers for hash tables.
        "clock_gettime", "clock_gettime64", "getrandom",
        // Normal and abnormal termination.
        "exit", "exit_group", "getpid", "gettid", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    ]
}
