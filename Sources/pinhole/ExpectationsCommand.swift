// SPDX-License-Identifier: GPL-2.0-or-later
import Commands

/// `pinhole expectations`.
enum ExpectationsCommand: ListCommand {
    static let name = "expectations"
    static let summary = "list the data connections that were announced and not yet seen"
    static let kind = ListKind.expectations
}
