// SPDX-License-Identifier: GPL-2.0-or-later

/// Sets that the kernel has lost.
extension Tracker {
    /// Opens everything that is open once more: the sets were removed with the firewall rules, and are back without members.
    ///
    /// What is still in the kernel stays; deadlines do not change.
    package func reopen(into output: inout Output) {
        for master in masters {
            guard let expectation = master.expectation else { continue }
            guard master.opening?.session != nil else {
                output.actions.append(.open(expectation))
                continue
            }
            for pair in master.dataPairs { output.actions.append(.admit(pair.from)) }
        }
        deadlines.forEach { connection in
            if connection.isReversed { output.actions.append(.watch(connection.mapping)) }
        }
    }
}
