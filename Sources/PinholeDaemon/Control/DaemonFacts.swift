// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
package import Netfilter

/// What does not change while a daemon runs.
package struct DaemonFacts: Hashable, Sendable {
    let version: String
    let process: Int32
    let started: Instant
    let backend: PinholeSet.Backend
    let queues: QueueNumbers
    /// The user that it runs as.
    let user: UInt32
    let statePath: String

    package init(
        version: String,
        process: Int32,
        started: Instant,
        backend: PinholeSet.Backend,
        queues: QueueNumbers,
        user: UInt32,
        statePath: String
    ) {
        self.version = version
        self.process = process
        self.started = started
        self.backend = backend
        self.queues = queues
        self.user = user
        self.statePath = statePath
    }
}
