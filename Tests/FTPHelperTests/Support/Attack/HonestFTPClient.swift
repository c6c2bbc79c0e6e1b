// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// An FTP client that logs in and then gives the commands that it was told to, some with words that an attacker has chosen.
struct HonestFTPClient {
    private enum Stage { case greeting, secured, user, password, ready, encrypted, over }

    /// The replies with which it logs in, and one to whatever it says then.
    static let login = ["220 hi\r\n", "331 pw\r\n", "230 in\r\n", "200 ok\r\n"].map { Array($0.utf8) }

    private var stage = Stage.greeting
    private var lines = LineReader()
    /// Code of the reply that goes on.
    private var continuedCode: UInt16 = 0
    /// What it will say once it has logged in, the last first.
    private var commands: [Utterance]
    /// Says everything without waiting for answers.
    private let isPipelining: Bool
    /// Asks for TLS first, and then begins it with these bytes.
    private let hello: [UInt8]?

    /// The last command is given first.
    init(commands: [Utterance], isPipelining: Bool, hello: [UInt8]?) {
        self.commands = commands
        self.isPipelining = isPipelining
        self.hello = hello
    }

    /// The reply that it would like to get.
    var awaited: [UInt8] {
        switch stage {
        case .greeting: HonestFTPClient.login[0]
        case .secured: Array("234 go on\r\n".utf8)
        case .user: HonestFTPClient.login[1]
        case .password: HonestFTPClient.login[2]
        case .ready, .encrypted, .over: HonestFTPClient.login[3]
        }
    }

    /// One command more, when the others are given.
    mutating func plan(_ command: Utterance) { commands.insert(command, at: 0) }

    mutating func hear(_ bytes: [UInt8]) -> [Utterance] {
        if stage == .encrypted { return [Utterance([23, 3, 3, 0, 3, 0x50, 0x51, 0x52])] }
        var answers: [Utterance] = []
        for line in lines.read(bytes) {
            guard let reply = Reply(parsing: line.span) else { continue }
            if continuedCode != 0 {
                guard reply.code == continuedCode, !reply.isContinued else { continue }
                continuedCode = 0
            } else if reply.isContinued {
                continuedCode = reply.code
                continue
            }
            if !reply.isPreliminary { answers += answer(reply.code) }
            if stage == .encrypted { break }
        }
        return answers
    }

    private mutating func answer(_ code: UInt16) -> [Utterance] {
        switch stage {
        case .greeting:
            guard code < 400 else { return quit() }
            guard hello == nil else {
                stage = .secured
                return [Utterance("AUTH TLS\r\n")]
            }
            return logIn()
        case .secured:
            guard code == 234, let hello else { return logIn() }
            stage = .encrypted
            return [Utterance(hello)]
        case .user:
            guard code != 230 else { return begin() }
            guard code == 331 || code == 332 else { return quit() }
            stage = .password
            return isPipelining ? [] : [Utterance("PASS x@y\r\n")]
        case .password: return code < 300 ? begin() : quit()
        case .ready: return next()
        case .encrypted, .over: return []
        }
    }

    private mutating func logIn() -> [Utterance] {
        stage = .user
        guard isPipelining else { return [Utterance("USER anonymous\r\n")] }
        defer { commands = [] }
        return [Utterance("USER anonymous\r\nPASS x@y\r\n")] + commands.reversed()
    }

    private mutating func begin() -> [Utterance] {
        stage = .ready
        return next()
    }

    private mutating func next() -> [Utterance] { commands.popLast().map { [$0] } ?? [] }

    private mutating func quit() -> [Utterance] {
        stage = .over
        return [Utterance("QUIT\r\n", isLast: true)]
    }
}
