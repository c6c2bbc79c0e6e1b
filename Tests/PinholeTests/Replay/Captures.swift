// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// Real captures of others, which lie beside the checkout and not in it.
enum Captures {
    static let folder = Program.top.appending(path: "../shared/captures").standardized

    /// Whether they have to be there: where the project is built for itself, and wherever they are.
    static let areDue =
        ProcessInfo.processInfo.environment["CI"] != nil
        || FileManager.default.fileExists(atPath: folder.path)
}
