import CLinux
import Glibc

/// The signals that the daemon obeys, SIGTERM, SIGINT and SIGHUP, as something to wait for (`signalfd`).
///
/// Once it was made they no longer kill the process, so that whatever is under way is finished first, and the end too.
package struct SignalDescriptor: ~Copyable {
    private let descriptor: Descriptor

    private init(adopting number: Int32) {
        descriptor = Descriptor(adopting: number)
    }

    /// Blocks the signals in this thread and makes the descriptor that tells of them.
    ///
    /// To be called before other threads exist, which otherwise still die of them.
    package static func open() throws(SystemError) -> SignalDescriptor {
        var signals = SignalDescriptor.signals
        // Sound: both calls only read the set, during the call.
        let failure = unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        guard failure == 0 else { throw SystemError("block signals", code: failure) }
        return SignalDescriptor(
            adopting: try SystemError.check("watch for signals") {
                unsafe signalfd(-1, &signals, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
            }
        )
    }

    /// Becomes readable when a signal came.
    package var number: Int32 { descriptor.number }

    /// Takes one signal that came; `nil` if none did.
    ///
    /// The corresponding C structure is `signalfd_siginfo`.
    package func take() -> Int32? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        // Sound: the kernel writes at most `size` bytes, all of them integers, into `info`.
        guard unsafe read(descriptor.number, &info, size) == size else { return nil }
        return Int32(bitPattern: info.ssi_signo)
    }

    /// Lets a write to a closed pipe or socket fail with EPIPE instead of killing the process.
    package static func ignoreBrokenPipes() {
        _ = signal(SIGPIPE, SIG_IGN)
    }

    /// Lets a crash end the process at once, whatever handlers the Swift runtime has set.
    ///
    /// Its backtracer, where it is on, starts a program to look at the crash (`SWIFT_BACKTRACE`). In a `Sandbox` it would
    /// wait for that program for ever, and the packets with it.
    static func dieOfCrashes() {
        for number in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] {
            _ = signal(number, SIG_DFL)
        }
    }

    private static var signals: sigset_t {
        var signals = sigset_t()
        // Sound: each call fills in or changes the set that it is given, during the call.
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe sigaddset(&signals, SIGINT)
        unsafe sigaddset(&signals, SIGHUP)
        return signals
    }
}
