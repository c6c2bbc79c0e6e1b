import Formats
import FTPHelper
import Glibc
import Linux
import PinholeDaemon

/// What `pinhole run` goes by: a file, and the command line, which wins.
///
/// The file is INI. Every option is a key of the same name, one that takes no value with `yes` or `no`; after
/// `[server ADDRESS]` or `[server ADDRESS/LENGTH]` stand the keys that hold for these servers instead.
struct Configuration {
    /// Where the file is looked for, unless the command line says where it is.
    static let usualPath = "/etc/pinhole/pinhole.conf"

    let path: String
    /// Set if the command line names the file: then it has to be there.
    private let isNamed: Bool
    private let arguments: Arguments

    init(at path: String?, _ arguments: Arguments) {
        self.path = path ?? Self.usualPath
        isNamed = path != nil
        self.arguments = arguments
    }

    /// The settings by the file as it is now.
    func settings() throws(UserError) -> Settings {
        let text: String
        do {
            text = try TextFile.read(path)
        } catch {
            guard error.code != ENOENT || isNamed else { return try settings(by: "") }
            throw UserError(error.description, hint: "give the path of a configuration file with --config")
        }
        return try settings(by: text)
    }

    /// The settings by a file's text.
    ///
    /// - Throws: All that is wrong with it, by its lines.
    func settings(by text: String) throws(UserError) -> Settings {
        let file = INIFile(parsing: text)
        var problems = brokenLines(of: file, text)
        var general = Settings(socketPath: Option.defaultSocketPath)
        var servers: [AddressPrefix: [INIFile.Entry]] = [:]
        var lines: [Section: [String: Int]] = [:]
        for entry in file.entries {
            do throws(UserError) {
                let section = try Section(entry.section)
                if let line = lines[section]?[entry.name] {
                    throw UserError("\(entry.name) is in line \(line) already", hint: "remove one of the two")
                }
                lines[section, default: [:]][entry.name] = entry.line
                switch section {
                case .general:
                    try apply(entry, among: section.keys, to: &general)
                case .server(let prefix):
                    var trial = general
                    try apply(entry, among: section.keys, to: &trial)
                    servers[prefix, default: []].append(entry)
                }
            } catch {
                problems.append(UserError("\(path):\(entry.line): \(error.message)", hint: error.hint))
            }
        }
        if let failure = UserError(all: problems) { throw failure }

        var settings = general
        try RunCommand.apply(arguments, to: &settings)
        for (prefix, entries) in servers {
            var own = general
            for entry in entries { try apply(entry, among: RunCommand.serverKeys, to: &own) }
            try RunCommand.apply(arguments, to: &own)
            settings.policy.set(own.policy.rules, for: prefix)
        }
        for (prefix, ports) in settings.ftpsServers {
            var rules = settings.policy.rules(for: prefix)
            rules.ftpsPorts = ports
            settings.policy.set(rules, for: prefix)
        }
        return settings
    }

    private func apply(
        _ entry: INIFile.Entry,
        among keys: [Option],
        to settings: inout Settings
    ) throws(UserError) {
        guard let key = keys.first(where: { $0.name == entry.name }) else {
            if let name = Option.formerNames[entry.name] {
                throw UserError(
                    "\(entry.name) has another name now",
                    hint: "it is \(name), with the same value"
                )
            }
            let names = keys.map(\.name).joined(separator: ", ")
            throw UserError("there is no key '\(entry.name)' here", hint: "it may be \(names)")
        }
        guard !entry.value.isEmpty else {
            throw UserError("\(entry.name) has no value", hint: "give it one, or remove the line")
        }
        try RunCommand.apply(Arguments(entry.value, for: key, of: RunCommand.self), to: &settings)
    }

    private func brokenLines(of file: INIFile, _ text: String) -> [UserError] {
        var problems: [UserError] = []
        if text.utf8.count >= TextFile.maximumSize {
            problems.append(
                UserError("\(path): it is too long", hint: "\(TextFile.maximumSize) bytes are the most")
            )
        }
        if let line = file.brokenLine {
            let hint =
                "write 'key = value', a [section] or a # before a comment, \(INIFile.maximumLine) bytes at most"
            problems.append(UserError("\(path):\(line): this says nothing", hint: hint))
        }
        return problems
    }
}
