// SPDX-License-Identifier: GPL-2.0-or-later

/// What speaks at the honest end.
enum HonestApplication {
    case webClient(HonestWebClient)
    case client(HonestFTPClient)
    case server(HonestFTPServer)

    var speaksFTP: Bool { if case .webClient = self { false } else { true } }

    /// What it would like to hear, if it spoke FTP with an honest end.
    var awaited: [UInt8] {
        switch self {
        case .webClient(let application): application.awaited
        case .client(let application): application.awaited
        case .server(let application): application.awaited
        }
    }

    /// What it says as soon as it is connected, or, if it opens fast, before.
    mutating func begin() -> [Utterance] {
        switch self {
        case .webClient(var application):
            defer { self = .webClient(application) }
            return application.next()
        case .client: return []
        case .server: return [HonestFTPServer.greeting]
        }
    }

    /// What it says to what it hears.
    mutating func hear(_ bytes: [UInt8]) -> [Utterance] {
        switch self {
        case .webClient(var application):
            defer { self = .webClient(application) }
            return application.hear()
        case .client(var application):
            defer { self = .client(application) }
            return application.hear(bytes)
        case .server(var application):
            defer { self = .server(application) }
            return application.hear(bytes)
        }
    }
}
