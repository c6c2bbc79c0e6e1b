// SPDX-License-Identifier: GPL-2.0-or-later

/// One element of `pinhole connections --json`.
struct ConnectionReport: Decodable {
    struct Translated: Decodable {
        let client: String
        let server: String
    }

    let id: UInt32
    let client: String
    let server: String
    let translated: Translated
    let state: String
    let adopted: Bool
    let user: String?
    let edits: Int
    let opened: Int
    let used: Int
    let refused: Int
    let ftps: FTPS?

    struct FTPS: Decodable {
        let ports: String
        let active: String
        let live: Int
        let max: Int
    }
}
