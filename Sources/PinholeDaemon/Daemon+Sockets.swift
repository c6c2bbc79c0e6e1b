// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
package import Messages
import Netfilter

extension Daemon {
    /// Opens the sockets that need `CAP_NET_RAW` and stores them with the service manager (`FDSTORE=1`, sd_notify(3)).
    ///
    /// The service itself can then run without that capability.
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
