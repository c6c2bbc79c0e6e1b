import CSeccomp
import Glibc

/// A list of the system calls that this process will need from now on; once loaded, every other fails.
///
/// It fails with `EPERM`, and the kernel's log says so, but the process goes on: what no test has met, a libc that does
/// something in another way, is then no more than that one call failing, where a signal would end the daemon and with
/// it the FTP of everybody. The corresponding library is libseccomp.
@safe struct SystemCallFilter: ~Copyable {
    private let context: scmp_filter_ctx

    /// Owns `context`, which must come from `seccomp_init` and be in nobody else's hands.
    private init(adopting context: scmp_filter_ctx) { unsafe self.context = context }

    deinit { unsafe seccomp_release(context) }

    /// Makes a list that allows nothing yet.
    static func open() throws(SystemError) -> SystemCallFilter {
        guard let context = unsafe seccomp_init(cseccomp_fail_with(UInt16(EPERM))) else {
            throw SystemError("make a system call filter", code: ENOMEM)
        }
        // A kernel that cannot do one of these answers EOPNOTSUPP. Without the first nobody is told of what was refused,
        // without the second the filter is for this thread only, and the daemon has no other.
        unsafe seccomp_attr_set(context, SCMP_FLTATR_CTL_LOG, 1)
        unsafe seccomp_attr_set(context, SCMP_FLTATR_CTL_TSYNC, 1)
        return unsafe SystemCallFilter(adopting: context)
    }

    /// Allows a system call where all `conditions` hold; one that this architecture has not is passed over.
    func allow(_ name: String, where conditions: [Condition] = []) throws(SystemError) {
        let comparisons = conditions.map(\.comparison)
        // Sound: the name is NUL-terminated, and the call reads as many conditions as there are.
        try check("allow the system call \(name)") {
            unsafe seccomp_rule_add_array(
                context,
                SCMP_ACT_ALLOW,
                seccomp_syscall_resolve_name(name),
                UInt32(comparisons.count),
                comparisons
            )
        }
    }

    /// Puts the filter in force, for this process and all that it starts, for good (`SECCOMP_SET_MODE_FILTER`).
    func load() throws(SystemError) {
        try check("load a system call filter") { unsafe seccomp_load(context) }
    }

    /// What an argument of a system call, counted from 0, has to be.
    enum Condition {
        case equals(argument: UInt32, UInt64)
        case atMost(argument: UInt32, UInt64)
        /// None of these bits is set.
        case lacks(argument: UInt32, UInt64)

        fileprivate var comparison: scmp_arg_cmp {
            switch self {
            case .equals(let argument, let value):
                scmp_arg_cmp(arg: argument, op: SCMP_CMP_EQ, datum_a: value, datum_b: 0)
            case .atMost(let argument, let value):
                scmp_arg_cmp(arg: argument, op: SCMP_CMP_LE, datum_a: value, datum_b: 0)
            case .lacks(let argument, let bits):
                scmp_arg_cmp(arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: bits, datum_b: 0)
            }
        }
    }

    /// Calls libseccomp, which answers with the negative of an `errno`.
    private func check(_ operation: String, _ call: () -> Int32) throws(SystemError) {
        let result = call()
        guard result == 0 else { throw SystemError(operation, code: -result) }
    }
}
