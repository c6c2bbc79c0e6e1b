import CLinux

/// Tells the service manager how far the daemon is, as `sd_notify` does, without libsystemd.
package enum ServiceNotifier {
    package enum State: String, Sendable {
        case ready = "READY=1"
        case stopping = "STOPPING=1"
    }

    /// Sends `state` to the socket that `NOTIFY_SOCKET` names; does nothing where it names none.
    ///
    /// Nothing waits for the answer and nothing fails: a manager that does not listen is its own affair.
    package static func notify(_ state: State) {
        guard let path = Environment.value(of: "NOTIFY_SOCKET") else { return }
        // Sound: both strings are NUL-terminated and read during the call.
        _ = unsafe clinux_unix_send(path, state.rawValue)
    }
}
