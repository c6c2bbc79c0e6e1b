// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// A directory of the test's own, which goes when the test is over.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = "/tmp/pinhole-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The names of what is in it.
    var files: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }
}
