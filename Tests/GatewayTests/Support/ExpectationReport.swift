// SPDX-License-Identifier: GPL-2.0-or-later

/// One element of `pinhole expectations --json`.
struct ExpectationReport: Decodable {
    struct Master: Decodable {
        let client: String
        let server: String
    }

    struct Translated: Decodable {
        let from: String
        let to: String
    }

    let id: Int
    let kind: String
    let master: Master
    let from: String
    let to: String
    let translated: Translated
    let expires_in: Double
    /// Data connections of an encrypted session.
    let live: Int?
}
