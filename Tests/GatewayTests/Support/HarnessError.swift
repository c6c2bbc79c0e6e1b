// SPDX-License-Identifier: GPL-2.0-or-later

/// Why a test could not go on: always a failure, never a skip.
struct HarnessError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
