// SPDX-License-Identifier: GPL-2.0-or-later
import Commands

/// `pinhole transfers`.
enum TransfersCommand: ListCommand {
    static let name = "transfers"
    static let summary = "list the transfers in progress"
    static let kind = ListKind.transfers
}
