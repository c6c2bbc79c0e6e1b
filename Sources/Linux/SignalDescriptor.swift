// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import Glibc

/// A descriptor that reports SIGTERM, SIGINT and SIGHUP (`signalfd`).
///
/// The signals no longer end the process once it is open, so the process can finish its work and shut down in order.
package struct SignalDescriptor: ~Copyable {
    private let descriptor: Descriptor

    private init(adopting number: Int32) {
        descriptor = Descriptor(adopting: number)
    }

    /// Blocks the signals in this thread and opens a descriptor for them.
    ///
    /// To be called before other threads exist, in which the signals would not be blocked.
    package static func open() throws(SystemError) -> SignalDescriptor {
        var signals = SignalDescriptor.signals
        // Sound: both calls read the set, during the call only.
        let failure = unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        guard failure == 0 else { throw SystemError("block signals", code: failure) }
        return SignalDescriptor(
            adopting: try SystemError.check("watch for signals") {
                unsafe signalfd(-1, &signals, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
            }
        )
    }

    /// The descriptor's number; readable when a signal is pending.
    package var number: Int32 { descriptor.number }

    /// Returns the number of a pending signal and removes it; `nil` if there is none.
    ///
    /// The corresponding C structure is `signalfd_siginfo`.
    package func next() -> Int32? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        // Sound: the kernel writes at most `size` bytes into `info`, whose fields are integers.
        guard unsafe read(descriptor.number, &info, size) == size else { return nil }
        return Int32(bitPattern: info.ssi_signo)
    }

    /// Ignores SIGPIPE, so that writing to a closed pipe or socket fails with EPIPE instead of ending the process.
    package static func ignoreBrokenPipes() {
        _ = signal(SIGPIPE, SIG_IGN)
    }

    /// Removes the signal handlers of the Swift runtime, so that a crash ends the process at once.
    ///
    /// The runtime's backtracer, if enabled (`SWIFT_BACKTRACE`), starts another program and waits for it. Inside the sandbox
    /// it would wait forever, and the queued packets with it.
    static func dieOfCrashes() {
        for number in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] {
            _ = signal(number, SIG_DFL)
        }
    }

    private static var signals: sigset_t {
        var signals = sigset_t()
        // Sound: each call writes to the set during the call only.
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe sigaddset(&signals, SIGINT)
        unsafe sigaddset(&signals, SIGHUP)
        return signals
    }
}
