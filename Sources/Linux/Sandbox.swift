import CLinux
import Glibc

/// What is left to the daemon once it has everything that it needs: packets, the sockets that it has open, memory.
///
/// Whoever finds a bug in it with his packets can then neither open a file nor start a program, and is not root. What
/// cannot be taken from it is the network: it may still tell conntrack and the sets what it likes.
package enum Sandbox {
    /// Keeps `CAP_NET_ADMIN` and no other capability, becomes `account` if that is given, and gives up all system calls
    /// but those in `Sandbox`, for good.
    ///
    /// To be called before other threads exist: they would keep what this one gives up.
    ///
    /// - Returns: Whether the kernel can filter system calls; where it cannot, all else is done.
    package static func enter(as account: Account?) throws(SystemError) -> Bool {
        // Needs CAP_SETPCAP, which goes with root.
        try Capabilities.emptyBoundingSet()
        try account?.become()
        try Capabilities.keep(only: .networkAdministration)
        _ = try SystemError.check("forbid new privileges") { clinux_forbid_new_privileges() }
        SignalDescriptor.dieOfCrashes()
        guard clinux_has_seccomp() else { return false }
        let filter = try SystemCallFilter.open()
        for name in allowed { try filter.allow(name) }
        // No memory that can be written and run: code cannot be brought along.
        for name in ["mmap", "mprotect"] {
            try filter.allow(name, where: [.lacks(argument: 2, UInt64(PROT_EXEC))])
        }
        // Messages to the kernel and answers to clients; with an address of IP, an RST without payload and no other packet.
        try filter.allow("sendto", where: [.atMost(argument: 5, netlinkAddressSize)])
        try filter.allow("sendto", where: [.atMost(argument: 5, 28), .atMost(argument: 2, 60)])
        // Whose a client is, and not what the firewall's rules are; more room, and no holes in what is kept.
        try filter.allow(
            "getsockopt",
            where: [.equals(argument: 1, UInt64(SOL_SOCKET)), .equals(argument: 2, UInt64(SO_PEERCRED))]
        )
        try filter.allow("fallocate", where: [.equals(argument: 1, 0)])
        // abort(3), and nobody but oneself.
        try filter.allow("tgkill", where: [.equals(argument: 0, UInt64(getpid()))])
        try filter.load()
        return true
    }

    /// `sizeof(struct sockaddr_nl)`: less than any address that a raw socket takes.
    private static let netlinkAddressSize: UInt64 = 12

    /// The system calls that need no condition; where an architecture has an older and a newer form, both.
    private static let allowed = [
        // Packets and requests to the kernel (libmnl).
        "recvmmsg", "recvmsg",
        // Clients, the log, the queues' figures, signals.
        "accept", "accept4", "recvfrom", "read", "pread64", "write", "close",
        // Waiting; the last for what SIGSTOP has interrupted.
        "epoll_ctl", "epoll_wait", "epoll_pwait", "poll", "ppoll", "restart_syscall",
        // Memory, and the file with the state.
        "brk", "munmap", "mremap", "madvise", "futex",
        // The time, where the vDSO does not know it, and chance, for hash tables.
        "clock_gettime", "clock_gettime64", "getrandom",
        // The end, an unhappy one too.
        "exit", "exit_group", "getpid", "gettid", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    ]
}
