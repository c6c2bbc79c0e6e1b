// SPDX-License-Identifier: GPL-2.0-or-later
import Commands

/// A subcommand of `pinhole`.
///
/// To add one, conform a type in a file of its own, named after it, and list it in `Pinhole.commands`.
protocol Subcommand: Command {
    /// The name on the command line.
    static var name: String { get }
}

extension Subcommand {
    static var invocation: String { "pinhole \(name)" }
}
