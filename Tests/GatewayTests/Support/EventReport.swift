// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// One line of `pinhole events --json`, as far as the tests look at it.
struct EventReport: Decodable {
    let event: String
    let kind: String?
    let from: String?

    /// The events that a running `pinhole events --json` has written so far; a line still being written is left out.
    static func all(of service: Service) throws -> [EventReport] {
        let complete = service.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        // What it says of the daemon's end is no event.
        return try complete.filter { $0.hasPrefix("{") }.map {
            try JSONDecoder().decode(EventReport.self, from: Data($0.utf8))
        }
    }
}
