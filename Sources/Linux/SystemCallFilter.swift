// SPDX-License-Identifier: GPL-2.0-or-later
import CSeccomp
import Glibc

/// A list of allowed system calls; after `load`, every other call fails with `EPERM` and is logged by the kernel.
///
/// Calls fail rather than end the process: if some version of libc needs a call that is missing from the list, only that
/// call fails and the daemon goes on. The corresponding library is libseccomp.
@safe struct SystemCallFilter: ~Copyable {
    private let context: scmp_filter_ctx

    /// Takes ownership of `context`, which must come from `seccomp_init`.
    private init(adopting context: scmp_filter_ctx) { unsafe self.context = context }

    deinit { unsafe seccomp_release(context) }

    /// Creates an empty list.
    static func open() throws(SystemError) -> SystemCallFilter {
        guard let context = unsafe seccomp_init(cseccomp_fail_with(UInt16(EPERM))) else {
            throw SystemError("make a system call filter", code: ENOMEM)
        }
        // Each fails with EOPNOTSUPP if the kernel lacks the feature. Without CTL_LOG, refused calls are not logged; without
        // CTL_TSYNC, the filter applies to this thread only, and the daemon has no other.
        unsafe seccomp_attr_set(context, SCMP_FLTATR_CTL_LOG, 1)
        unsafe seccomp_attr_set(context, SCMP_FLTATR_CTL_TSYNC, 1)
        return unsafe SystemCallFilter(adopting: context)
    }

    /// Allows a system call if all `conditions` hold; does nothing if the architecture lacks the call.
    func allow(_ name: String, where conditions: [Condition] = []) throws(SystemError) {
        let comparisons = conditions.map(\.comparison)
        // Sound: the name is NUL-terminated, and the call reads `comparisons.count` elements.
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

    /// Irrevocably applies the filter to this process and its children (`SECCOMP_SET_MODE_FILTER`).
    func load() throws(SystemError) {
        try check("load a system call filter") { unsafe seccomp_load(context) }
    }

    /// A condition on one argument of a system call; arguments are counted from 0.
    enum Condition {
        case equals(argument: UInt32, UInt64)
        case atMost(argument: UInt32, UInt64)
        /// None of the bits is set.
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

    /// Calls a libseccomp function, which returns 0 or a negative `errno`.
    private func check(_ operation: String, _ call: () -> Int32) throws(SystemError) {
        let result = call()
        guard result == 0 else { throw SystemError(operation, code: -result) }
    }
}
