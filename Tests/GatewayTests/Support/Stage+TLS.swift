// SPDX-License-Identifier: GPL-2.0-or-later

/// Sessions that look like TLS from outside.
extension Stage {
    /// A record of that content type.
    static func record(_ type: UInt8, _ content: String) -> String {
        let header = [type, 3, 3, 0, UInt8(content.utf8.count)]
        return header.map { String(Unicode.Scalar($0)) }.joined() + content
    }

    static let hello = record(22, "hello")
    static let data = record(23, "whatever they may say")
    static let farewell = record(21, "by")

    /// Opens a connection on which TLS is agreed upon.
    func agreeOnTLS(_ name: String = "") async throws {
        try await open(name)
        try await say(.server, "220 ready\r\n", on: name)
        try await say(.client, "AUTH TLS\r\n", on: name)
        try await say(.server, "234 go on\r\n", on: name)
    }

    /// Opens a connection, and lets both ends shake hands and exchange data over TLS.
    func speakTLS(_ name: String = "") async throws {
        try await agreeOnTLS(name)
        for end in [End.client, .server] { try await say(end, Stage.hello, on: name) }
        for end in [End.client, .server, .client] { try await say(end, Stage.data, on: name) }
    }
}
