// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Formats
import FTPHelper
import Linux
import Messages
import PinholeDaemon

/// Reads the text of a configuration file, and collects all errors with their lines.
struct ConfigurationReader {
    /// A value that a section of a server has for a key.
    struct ServerSetting {
        let key: Key
        let value: GivenValue
    }

    /// The settings of the lines before the first section.
    private(set) var general = Settings(socketPath: ServiceInstance.current.socketPath)
    private(set) var servers: [AddressPrefix: [ServerSetting]] = [:]
    private(set) var errors: [UserError] = []

    private let path: String
    /// The current section; `nil` after an invalid section, whose keys are skipped.
    private var section: Section? = .general
    /// The line of each section, and of each key in it.
    private var sectionLines: [Section: Int] = [:]
    private var keyLines: [Section: [String: Int]] = [:]

    init(_ text: String, at path: String) {
        self.path = path
        guard text.utf8.count < TextFile.maximumSize else {
            // The end is missing, so errors in the lines would mislead.
            let hint = "make it shorter than \(TextFile.maximumSize) bytes"
            errors = [UserError("\(path): the file is too long", hint: hint, status: .configuration)]
            return
        }
        for (number, content) in INIFile(parsing: text).lines {
            do throws(UserError) {
                try read(content, in: number)
            } catch {
                let message = "\(path):\(number): \(error.message)"
                errors.append(UserError(message, hint: error.hint, status: .configuration))
            }
        }
    }

    private mutating func read(_ content: INIFile.Content, in line: Int) throws(UserError) {
        switch content {
        case .section(let text):
            section = nil
            section = try begin(try Section(text), in: line)
        case .entry(let name, let value):
            guard let section else { return }
            try set(name, to: value, in: section, line)
        case .malformed(let problem):
            if problem == .unclosedSection || problem == .textAfterSection { section = nil }
            throw UserError(problem)
        }
    }

    private mutating func begin(_ section: Section, in line: Int) throws(UserError) -> Section {
        if let earlier = sectionLines[section] {
            throw UserError(
                "this section already begins in line \(earlier)",
                hint: "move its keys there, or remove one of the two sections"
            )
        }
        sectionLines[section] = line
        return section
    }

    private mutating func set(
        _ name: String,
        to text: String,
        in section: Section,
        _ line: Int
    ) throws(UserError) {
        let key = try section.key(name)
        if let earlier = keyLines[section]?[name] {
            throw UserError("\(name) is already set in line \(earlier)", hint: "remove one of the two lines")
        }
        keyLines[section, default: [:]][name] = line
        guard !text.isEmpty else {
            throw UserError("\(name) has no value", hint: "give it one, or remove the line")
        }
        let value = GivenValue(text: text, name: name, origin: .file)
        switch section {
        case .general: try key.set(value, &general)
        case .server(let prefix):
            var trial = general
            try key.set(value, &trial)
            servers[prefix, default: []].append(ServerSetting(key: key, value: value))
        }
    }
}

extension UserError {
    fileprivate init(_ problem: INIFile.Problem) {
        switch problem {
        case .controlCharacter:
            self.init("the line contains a control character", hint: "remove it; this must be a text file")
        case .unclosedSection:
            self.init("the section has no closing bracket", hint: "write [server ADDRESS]")
        case .textAfterSection:
            self.init(
                "there is text after the section's closing bracket",
                hint: "put it on a line of its own"
            )
        case .missingEqualsSign:
            self.init(
                "this is neither a key with a value nor a section",
                hint: "write 'key = value', or a # before a comment"
            )
        case .missingName:
            self.init("there is no key before the equals sign", hint: "write 'key = value'")
        }
    }
}
