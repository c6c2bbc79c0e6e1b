// SPDX-License-Identifier: GPL-2.0-or-later
import Commands

/// `pinhole connections`.
enum ConnectionsCommand: ListCommand {
    static let name = "connections"
    static let summary = "list the sessions that are followed"
    static let kind = ListKind.sessions
}
