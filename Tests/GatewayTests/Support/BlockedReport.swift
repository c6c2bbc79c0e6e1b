// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// The `blocked` event of `pinhole events --json`.
struct BlockedReport: Decodable {
    struct Ends: Decodable, Equatable {
        let from: String
        let to: String
    }

    let event: String
    let client: String
    let kind: String
    let opener: String
    let to: String
    let translated: Ends
    let stage: String
    let seconds: Int
    let explanation: String

    /// The reports of a running `pinhole events --json` so far.
    static func all(of service: Service) throws -> [BlockedReport] {
        let complete = service.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        return try complete.filter { $0.contains(#""event":"blocked""#) }.map {
            try JSONDecoder().decode(BlockedReport.self, from: Data($0.utf8))
        }
    }
}
