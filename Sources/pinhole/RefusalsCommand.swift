// SPDX-License-Identifier: GPL-2.0-or-later
import Commands

/// `pinhole refusals`.
enum RefusalsCommand: ListCommand {
    static let name = "refusals"
    static let summary = "list the last 100 lines that opened nothing, and why"
    static let kind = ListKind.refusals
}
