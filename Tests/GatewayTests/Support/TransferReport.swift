// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// What `pinhole transfers --json` and `pinhole events --json` say of a transfer.
struct TransferReport: Decodable {
    struct Data: Decodable {
        let id: Int
        let kind: String
        let from: String
        let to: String
        let answer: String?
    }

    struct Bytes: Decodable {
        let up: Int
        let down: Int
    }

    let client: String
    let server: String
    let user: String
    let command: String?
    let path: String
    let direction: String?
    let data: Data?
    let bytes: Bytes?
    let size: Int?
    let progress: Double?
    let seconds: Double
    let reply: String

    /// The transfers that a running `pinhole events --json` has reported so far.
    static func all(of service: Service) throws -> [TransferReport] {
        let complete = service.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        return try complete.filter { $0.contains(#""event":"transfer""#) }.map {
            try JSONDecoder().decode(TransferReport.self, from: Foundation.Data($0.utf8))
        }
    }
}
