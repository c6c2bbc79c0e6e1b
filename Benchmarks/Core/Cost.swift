// SPDX-License-Identifier: GPL-2.0-or-later

/// What one round of the benchmark measured.
struct Cost {
    /// Bytes in use for each idle connection, for each open expectation on top, and for the edit of its line if it has one.
    var connectionBytes: UInt64 = 0
    var expectationBytes: UInt64 = 0
    var editBytes: UInt64 = 0
    /// Nanoseconds for a command or reply without an edit, for an acknowledgement that edits have shifted, and for a PORT
    /// that is rewritten.
    var command: UInt64 = 0
    var shiftedAcknowledgement: UInt64 = 0
    var port: UInt64 = 0
    /// The first two for packets that come one by one, and not in batches.
    var loneCommand: UInt64 = 0
    var loneAcknowledgement: UInt64 = 0
    /// Calls of malloc(3) for all packets of the steady state together.
    var allocations: UInt64 = 0
}
