// SPDX-License-Identifier: GPL-2.0-or-later
import Linux

/// What the daemon holds of the system besides its queues, its clients and conntrack.
struct DaemonResources: ~Copyable {
    /// Reads the configuration for a reload.
    let opener: FileOpener
    let notifier: ServiceNotifier
    /// The kernel's figures of the queues; `nil` without root, which alone can read them.
    let queueFigures: TextFile?
    let signals: SignalDescriptor
    let poller: Poller
}
