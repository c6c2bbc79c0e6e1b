// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// An FTP server that accepts known users, and whose replies quote the commands.
struct HonestFTPServer {
    /// How a reply of several lines writes what it quotes (RFC 959, section 4.2).
    enum Quoting: CaseIterable {
        /// Each line begins with the code and a hyphen.
        case marked
        /// A line that might be taken for the last begins with a blank.
        case padded
        /// The same, but only where its code is that of the reply.
        case bare
    }

    static let greeting = Utterance("220-welcome\r\n220 ready\r\n")

    private let quoting: Quoting
    /// Whether it lets anybody in.
    private let acceptsLogins: Bool
    /// The replies to PASV and EPSV that it gives in turn.
    private let announcements: [(passive: Utterance, extended: Utterance)]
    private var given = 0
    private var lines = LineReader()
    private var isLoggedIn = false
    private var hasUser = false
    private var isOver = false

    init(
        quoting: Quoting,
        acceptsLogins: Bool,
        announcements: [(passive: Utterance, extended: Utterance)]
    ) {
        self.quoting = quoting
        self.acceptsLogins = acceptsLogins
        self.announcements = announcements
    }

    /// A command that is of use now.
    var awaited: [UInt8] {
        let isIPv6 = announcements.allSatisfy { $0.passive.port == nil }
        let command = isLoggedIn ? isIPv6 ? "EPSV" : "PASV" : hasUser ? "PASS b" : "USER a"
        return Array("\(command)\r\n".utf8)
    }

    mutating func hear(_ bytes: [UInt8]) -> [Utterance] {
        var answers: [Utterance] = []
        for line in lines.read(bytes) where !isOver { answers.append(answer(line)) }
        return answers
    }

    private mutating func answer(_ line: [UInt8]) -> Utterance {
        var end = line.count - 1
        if end > 0, line[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        let space = line[..<end].firstIndex(of: UInt8(ascii: " ")) ?? end
        let argument = line[min(space + 1, end)..<end]
        let verb = line[..<min(space, 5)].reduce(UInt64(0)) { $0 << 8 | UInt64($1 & 0xdf) }
        switch verb {
        case Word.user:
            isLoggedIn = false
            hasUser = true
            return Utterance(Array("331 Password required for ".utf8) + argument + Array("\r\n".utf8))
        case Word.pass:
            isLoggedIn = acceptsLogins
            hasUser = false
            return acceptsLogins ? Utterance("230 in\r\n") : Utterance("530 Login incorrect.\r\n")
        case Word.quit:
            isOver = true
            return Utterance("221 bye\r\n", isLast: true)
        case Word.noop: return Utterance("200 ok\r\n")
        case Word.help: return Utterance("214-Commands:\r\n USER PASV PORT\r\n214 end\r\n")
        case Word.auth: return Utterance("502 no TLS\r\n")
        case Word.rein:
            isLoggedIn = false
            return Utterance("220 ready\r\n")
        default: break
        }
        guard isLoggedIn else { return Utterance("530 Please login with USER and PASS.\r\n") }
        switch verb {
        case Word.pasv, Word.epsv:
            let announcement = announcements[given % announcements.count]
            given += 1
            return verb == Word.pasv ? announcement.passive : announcement.extended
        case Word.port, Word.eprt: return Utterance("200 ok\r\n")
        case Word.cwd:
            return Utterance(
                Array("250 CWD successful. \"".utf8) + argument + Array("\" is current.\r\n".utf8)
            )
        case Word.retr: return Utterance(Array("550 ".utf8) + argument + Array(": No such file\r\n".utf8))
        case Word.list: return Utterance("150 here it comes\r\n226 done\r\n")
        case Word.stat: return status(argument)
        case Word.abor: return Utterance("226 nothing to abort\r\n")
        default:
            return Utterance(Array("500 '".utf8) + line[..<end] + Array("': command not understood\r\n".utf8))
        }
    }

    /// A listing, as a reply, of files that have these names, with a bar between.
    private func status(_ names: ArraySlice<UInt8>) -> Utterance {
        var text = Array("213-status of files:\r\n".utf8)
        for name in names.split(separator: UInt8(ascii: "|")) {
            let looksLikeReply = name.count > 2 && name.prefix(3).allSatisfy(Decimal.isDigit)
            switch quoting {
            case .marked: text += Array("213-".utf8)
            case .padded where looksLikeReply: text.append(UInt8(ascii: " "))
            case .bare where name.starts(with: Array("213".utf8)): text.append(UInt8(ascii: " "))
            case .padded, .bare: break
            }
            text += name + Array("\r\n".utf8)
        }
        return Utterance(text + Array("213 end\r\n".utf8))
    }

    /// Verbs, as `answer` packs them: the first five bytes of a line up to the blank, in upper case.
    private enum Word {
        static let user = pack("USER")
        static let pass = pack("PASS")
        static let quit = pack("QUIT")
        static let noop = pack("NOOP")
        static let help = pack("HELP")
        static let auth = pack("AUTH")
        static let rein = pack("REIN")
        static let pasv = pack("PASV")
        static let epsv = pack("EPSV")
        static let port = pack("PORT")
        static let eprt = pack("EPRT")
        static let cwd = pack("CWD")
        static let retr = pack("RETR")
        static let list = pack("LIST")
        static let stat = pack("STAT")
        static let abor = pack("ABOR")

        private static func pack(_ name: String) -> UInt64 {
            name.utf8.reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}
