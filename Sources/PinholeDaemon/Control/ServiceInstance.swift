// SPDX-License-Identifier: GPL-2.0-or-later
import Linux

/// One of the services on a machine: `pinhole`, or `pinhole@NAME` for the network namespace `NAME`.
package struct ServiceInstance: Hashable, Sendable {
    /// The name of the network namespace; `nil` for `pinhole`.
    package let namespace: String?

    /// `pinhole`.
    package static let main = ServiceInstance(namespace: nil)

    /// The service for the network namespace of this process.
    ///
    /// It is that of the namespace if it has been started before, which makes its directory in `/run`.
    package static var current: ServiceInstance {
        let own = ServiceInstance(namespace: NetworkNamespace.currentName)
        return own.namespace == nil || FileIdentity(ofFileAt: own.folder) == nil
            ? main : own
    }

    /// All that have a control socket, in the order of their names.
    package static var all: [ServiceInstance] {
        let others = NetworkNamespace.paths(matching: "\(main.folder)-*/control.sock").map { path in
            let folder = path.dropLast("/control.sock".count)
            return ServiceInstance(namespace: String(folder.dropFirst(main.folder.count + 1)))
        }
        return (FileIdentity(ofSocketAt: main.socketPath) == nil ? [] : [main]) + others
    }

    /// The control socket of its daemon, unless the configuration names another one.
    package var socketPath: String { "\(folder)/control.sock" }

    /// The name of its unit, for `systemctl`.
    package var unit: String { namespace.map { "pinhole@\($0)" } ?? "pinhole" }

    /// Where it is: `the network namespace blue`.
    package var place: String {
        namespace.map { "the network namespace \($0)" } ?? "the main network namespace"
    }

    private var folder: String { namespace.map { "/run/pinhole-\($0)" } ?? "/run/pinhole" }
}
