// SPDX-License-Identifier: GPL-2.0-or-later
import Commands

/// Options that several subcommands share.
extension Option {
    static let json = Option("json", nil, "write JSON instead of text")
    static let ports = Option("ports", "PORT,...", "ports that clients connect to (21)")
}
