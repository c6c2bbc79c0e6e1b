import Linux
import Netfilter

extension Daemon {
    /// Opens the sockets for which a daemon needs `CAP_NET_RAW`, and leaves them with the service manager for it.
    ///
    /// So the service itself may be started without that capability, and without the right to open such sockets.
    package static func storeSockets() throws(UserError) {
        let notifier = ServiceNotifier.open()
        guard notifier.isHeard else {
            throw UserError(
                "no service manager keeps sockets here",
                hint: "use it in ExecStartPre= of a service with FileDescriptorStoreMax="
            )
        }
        let injector = try attempt(PacketInjector.open) {
            UserError($0.description, hint: "run it as root, or with CAP_NET_RAW")
        }
        injector.store(with: notifier)
    }
}
