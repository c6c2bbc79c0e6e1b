// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import Glibc

/// Sends state changes to the service manager, as `sd_notify(3)` does, without libsystemd.
package struct ServiceNotifier: ~Copyable {
    /// What the manager is told, as `sd_notify(3)` writes it.
    package enum State: String, Sendable {
        case ready = "READY=1"
        case stopping = "STOPPING=1"
        case alive = "WATCHDOG=1"
    }

    private let socket: Descriptor?

    /// The watchdog timeout in nanoseconds, after which the manager ends a process that has not sent `alive`; `nil` without
    /// a watchdog for this process (`sd_watchdog_enabled(3)`).
    package let watchdogTimeout: UInt64?

    private init(_ socket: consuming Descriptor?) {
        self.socket = socket
        let isMeant = Environment.value(of: "WATCHDOG_PID").map { Int32($0) == getpid() } ?? true
        let microseconds = Environment.value(of: "WATCHDOG_USEC").flatMap { UInt32($0) } ?? 0
        watchdogTimeout = isMeant && microseconds > 0 ? UInt64(microseconds) * 1000 : nil
    }

    /// Connects to the socket named by `NOTIFY_SOCKET`; without it, or if the connection fails, nothing is sent.
    package static func open() -> ServiceNotifier {
        guard let path = Environment.value(of: "NOTIFY_SOCKET") else { return ServiceNotifier(nil) }
        // Sound: the path is NUL-terminated and read during the call.
        let number = unsafe clinux_unix_datagram(path)
        return ServiceNotifier(number < 0 ? nil : Descriptor(adopting: number))
    }

    /// Whether there is a service manager to send to.
    package var isHeard: Bool {
        switch socket {
        case .some: true
        case nil: false
        }
    }

    /// Sends `state`, without waiting for an answer; errors are ignored.
    package func notify(_ state: State) { send(state.rawValue) }

    /// Sends a descriptor to the manager, which keeps it for the next process of the service (`sd_pid_notify_with_fds(3)`).
    package func store(_ descriptor: Int32, as name: String) {
        send("FDSTORE=1\nFDNAME=\(name)", with: descriptor)
    }

    /// Asks the manager to close the descriptors that it keeps under a name.
    package func discard(_ name: String) { send("FDSTOREREMOVE=1\nFDNAME=\(name)") }

    private func send(_ text: String, with descriptor: Int32? = nil) {
        switch socket {
        case .some(let socket):
            let bytes = Array(text.utf8)
            // Sound: the kernel reads the array's bytes, during the calls only.
            if let descriptor {
                _ = unsafe clinux_send_descriptor(socket.number, bytes, bytes.count, descriptor)
            } else {
                _ = unsafe Glibc.send(socket.number, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            }
        case nil: break
        }
    }
}
