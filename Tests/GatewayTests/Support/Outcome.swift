// SPDX-License-Identifier: GPL-2.0-or-later

/// What became of a program that has ended.
struct Outcome: CustomStringConvertible {
    let command: String
    /// Exit status; 124 if its time ran out, 128 + N after signal N.
    let status: Int32
    let output: String
    let error: String

    var hasSucceeded: Bool { status == 0 }

    var description: String {
        "$ \(command)\n\(output)\(error)(exit \(status))"
    }
}
