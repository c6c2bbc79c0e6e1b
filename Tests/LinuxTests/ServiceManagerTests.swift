// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Testing

@testable import Linux

/// What a service manager hands over and is told, each in a process of its own: that is in the environment, or in signals.
@Suite struct ServiceManagerTests {
    /// Says that descriptors from 3 on were handed over, of which there are so many.
    private static func give(_ count: Int, _ names: String?, to process: Int32 = getpid()) {
        unsafe setenv("LISTEN_PID", "\(process)", 1)
        unsafe setenv("LISTEN_FDS", "\(count)", 1)
        if let names { unsafe setenv("LISTEN_FDNAMES", names, 1) }
    }

    /// The number of the descriptor of a name, which stays open.
    private static func take(_ name: String, from inherited: inout InheritedDescriptors) -> Int32? {
        guard let descriptor = inherited.take(name) else { return nil }
        let number = descriptor.number
        descriptor.relinquish()
        return number
    }

    @Test func `inherited descriptors are taken by name, once, and the rest is closed`() async {
        await #expect(processExitsWith: .success) {
            for number in 3...5 as ClosedRange<Int32> {
                close(number)
                try #require(unsafe open("/dev/null", O_RDONLY) == number || dup2(0, number) == number)
            }
            Self.give(3, "one:two")
            do {
                var inherited = InheritedDescriptors.inherit()
                let names = inherited.rest
                try #require(names == ["one", "two", ""])
                for number in 3...5 as ClosedRange<Int32> {
                    try #require(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
                }
                let number = Self.take("two", from: &inherited)
                let rest = inherited.rest
                try #require(number == 4 && rest == ["one", ""])
                let next = Self.take("two", from: &inherited)
                try #require(next == nil)
            }
            try #require(
                FileIdentity(of: 3) == nil && FileIdentity(of: 4) != nil && FileIdentity(of: 5) == nil
            )
        }
    }

    @Test func `descriptors for another process or with invalid counts are left alone`() async {
        await #expect(processExitsWith: .success) {
            func rest() -> [String] { InheritedDescriptors.inherit().rest }
            try #require(rest() == [])
            Self.give(1, "one", to: getpid() + 1)
            try #require(rest() == [])
            for count in [0, -1, 1025] {
                Self.give(count, "one")
                try #require(rest() == [])
            }
        }
    }

    @Test func `the watchdog is used only if it is set for this process`() async {
        await #expect(processExitsWith: .success) {
            func timeout() -> UInt64? { ServiceNotifier.open().watchdogTimeout }
            try #require(timeout() == nil)
            unsafe setenv("WATCHDOG_USEC", "2000", 1)
            try #require(timeout() == 2_000_000)
            unsafe setenv("WATCHDOG_PID", "\(getpid())", 1)
            try #require(timeout() == 2_000_000)
            unsafe setenv("WATCHDOG_PID", "\(getpid() + 1)", 1)
            try #require(timeout() == nil)
            unsafe unsetenv("WATCHDOG_PID")
            unsafe setenv("WATCHDOG_USEC", "0", 1)
            try #require(timeout() == nil)
        }
    }

    @Test func `a signal is read once, and only the signals waited for are read`() async {
        await #expect(processExitsWith: .success) {
            let signals = try SignalDescriptor.open()
            let none = signals.next()
            try #require(none == nil)
            for signal in [SIGHUP, SIGTERM, SIGINT] {
                // To this thread, which has them blocked; others of the test may not.
                try #require(pthread_kill(pthread_self(), signal) == 0)
                let taken = [signals.next(), signals.next()]
                try #require(taken == [signal, nil])
            }
        }
    }
}
