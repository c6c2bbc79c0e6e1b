// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
package import Glibc
import Linux

/// A directory of the test's own, which goes when the test is over.
package final class TemporaryDirectory {
    package let path: String

    package init() throws {
        path = "/tmp/pinhole-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The names of its entries.
    package var files: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    /// Writes a file, and returns its path.
    package func make(_ name: String, _ text: String = "", mode: mode_t = 0o600) throws -> String {
        let file = "\(path)/\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        _ = try SystemError.check("change the mode") { unsafe chmod(file, mode) }
        return file
    }
}
