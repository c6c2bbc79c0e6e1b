// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import FTPHelper
import Messages

/// A part of the configuration file.
enum Section: Hashable {
    /// The lines before the first section.
    case general
    /// `[server ADDRESS]` or `[server ADDRESS/LENGTH]`.
    case server(AddressPrefix)

    /// Reads the text between the brackets of a section.
    init(_ text: String) throws(UserError) {
        let words = text.split { $0 == " " || $0 == "\t" }
        let hint = "write [server ADDRESS] or [server ADDRESS/LENGTH]"
        guard let kind = words.first else { throw UserError("the section has no name", hint: hint) }
        guard kind == "server" else {
            throw UserError("unknown section \(GivenValue.quoted(text[...]))", hint: hint)
        }
        guard words.count == 2 else {
            throw UserError("a server section takes one address, not \(words.count - 1)", hint: hint)
        }
        guard let prefix = AddressPrefix(parsing: Array(words[1].utf8).span) else {
            throw UserError(
                "\(GivenValue.quoted(words[1])) is not an address or a network",
                hint: "\(hint), without address bits after LENGTH"
            )
        }
        self = .server(prefix)
    }

    /// The keys that it can have.
    var keys: [Key] {
        switch self {
        case .general: Key.general
        case .server: Key.ofServers
        }
    }

    /// Finds a key that is allowed here.
    func key(_ name: String) throws(UserError) -> Key {
        if let key = keys.first(where: { $0.name == name }) { return key }
        let problem = "unknown key \(GivenValue.quoted(name[...]))"
        if Key.all.contains(where: { $0.name == name }) {
            switch self {
            case .general:
                throw UserError(
                    "\(name) is only allowed in a server section",
                    hint: "move it after a line [server ADDRESS]"
                )
            case .server:
                throw UserError(
                    "\(name) is not allowed in a server section",
                    hint: "move it before the first section"
                )
            }
        }
        if let newName = Option.formerNames[name] {
            throw UserError("\(name) was renamed to \(newName)", hint: "write \(newName) with the same value")
        }
        if let nearest = Spelling.nearest(to: name, among: keys.map(\.name)) {
            throw UserError(problem, hint: "did you mean \(nearest)?")
        }
        throw UserError(problem, hint: "use one of \(keys.map(\.name).joined(separator: ", "))")
    }
}
