// SPDX-License-Identifier: GPL-2.0-or-later

/// Filling of sets that the kernel has lost.
extension Tracker {
    /// Adds all open expectations, queued addresses and watched connections to the kernel's sets again.
    ///
    /// To be called when the sets were removed with the firewall rules and created again without members.
    /// Members that still exist stay; deadlines do not change.
    package func reopen(into output: inout Output) {
        for master in book.masters {
            guard let expectation = master.connection.expectation else { continue }
            guard master.connection.opening?.session != nil else {
                output.actions.append(.open(expectation))
                continue
            }
            for pair in master.connection.dataPairs { output.actions.append(.queueSYNs(from: pair.from)) }
        }
        store.forEach { slot in
            if slot.connection.isReversed { output.actions.append(.watch(slot.connection.mapping)) }
        }
    }
}
