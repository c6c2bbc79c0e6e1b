import CLinux
import Glibc

/// Tells the service manager how far the daemon is, as `sd_notify` does, without libsystemd.
package struct ServiceNotifier: ~Copyable {
    package enum State: String, Sendable {
        case ready = "READY=1"
        case stopping = "STOPPING=1"
        case alive = "WATCHDOG=1"
    }

    private let socket: Descriptor?

    /// Nanoseconds after which the manager ends a process that has not said that it is alive; `nil` if it does not expect
    /// that of this process (`sd_watchdog_enabled`).
    package let watchdogTimeout: UInt64?

    private init(_ socket: consuming Descriptor?) {
        self.socket = socket
        let isMeant = Environment.value(of: "WATCHDOG_PID").map { Int32($0) == getpid() } ?? true
        let microseconds = Environment.value(of: "WATCHDOG_USEC").flatMap { UInt32($0) } ?? 0
        watchdogTimeout = isMeant && microseconds > 0 ? UInt64(microseconds) * 1000 : nil
    }

    /// Connects to the socket that `NOTIFY_SOCKET` names; where it names none, or nobody listens there, nobody is told.
    package static func open() -> ServiceNotifier {
        guard let path = Environment.value(of: "NOTIFY_SOCKET") else { return ServiceNotifier(nil) }
        // Sound: the path is NUL-terminated and read during the call.
        let number = unsafe clinux_unix_datagram(path)
        return ServiceNotifier(number < 0 ? nil : Descriptor(adopting: number))
    }

    /// Whether there is anybody to be told.
    package var isHeard: Bool {
        switch socket {
        case .some: true
        case nil: false
        }
    }

    /// Sends `state`; nothing waits for the answer and nothing fails: a manager that does not listen is its own affair.
    package func notify(_ state: State) { send(state.rawValue) }

    /// Lets the manager keep an open file for the process that takes this one's place (`sd_pid_notify_with_fds`).
    package func store(_ descriptor: Int32, as name: String) {
        send("FDSTORE=1\nFDNAME=\(name)", with: descriptor)
    }

    /// Lets the manager close what it keeps under that name.
    package func discard(_ name: String) { send("FDSTOREREMOVE=1\nFDNAME=\(name)") }

    private func send(_ text: String, with descriptor: Int32? = nil) {
        switch socket {
        case .some(let socket):
            let bytes = Array(text.utf8)
            // Sound: the kernel reads the array's own bytes, and during the calls only.
            if let descriptor {
                _ = unsafe clinux_send_descriptor(socket.number, bytes, bytes.count, descriptor)
            } else {
                _ = unsafe Glibc.send(socket.number, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            }
        case nil: break
        }
    }
}
