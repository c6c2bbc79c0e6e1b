// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Foundation
import FTPHelper
import Linux
import PinholeDaemon
import Testing

@testable import Configuration
@testable import pinhole
@testable import pinholed

/// The manual and the documents, held against the program's own help.
struct ManualTests {
    private func text(of path: String) throws -> String {
        try Documents.text(of: path)
    }

    /// The parts of the text that a line with `prefix` begins, by what follows it there; each goes on to the next line
    /// with one of `ends`.
    private func sections(of text: String, from prefix: String, to ends: [String]) -> [String: [String]] {
        var sections: [String: [String]] = [:]
        var name: String?
        for line in text.split(separator: "\n").map(String.init) {
            if ends.contains(where: line.hasPrefix) { name = nil }
            if line.hasPrefix(prefix) {
                name = String(line.dropFirst(prefix.count))
                sections[name ?? "", default: []] = []
            } else if let name {
                sections[name]?.append(line)
            }
        }
        return sections
    }

    @Test func `the manual has a section for each subcommand with each option as in the help`()
        throws
    {
        let sections = sections(of: try text(of: "man/pinhole.8"), from: ".Ss ", to: [".Ss ", ".Sh "])
        #expect(Set(sections.keys) == Set(Pinhole.commands.map { $0.name }))
        for command in Pinhole.commands {
            // .It Fl -socket Ar PATH
            let documented = sections[command.name, default: []].filter { $0.hasPrefix(".It Fl ") }.map {
                $0.dropFirst(7).replacing(" Ar ", with: " ")
            }
            #expect(documented.map { "-\($0)" } == command.options.map(\.usage), "\(command.name)")
        }
    }

    @Test func `the manual of the daemon has each option as in the help`() throws {
        let sections = sections(of: try text(of: "man/pinholed.8"), from: ".Sh ", to: [".Sh "])
        let documented = sections["OPTIONS", default: []].filter { $0.hasPrefix(".It Fl ") }.map {
            $0.dropFirst(7).replacing(" Ar ", with: " ")
        }
        #expect(documented.map { "-\($0)" } == Pinholed.options.map(\.usage))
    }

    @Test func `each section of the manual has an example that the program accepts`() throws {
        let sections = sections(of: try text(of: "man/pinhole.8"), from: ".Ss ", to: [".Ss ", ".Sh "])
        #expect(!sections.isEmpty)
        for command in Pinhole.commands {
            let examples = sections[command.name, default: []].filter {
                $0.hasPrefix("# pinhole ") || $0.hasPrefix("$ pinhole ")
            }
            var isOwn = false
            for example in examples {
                let words = example.split(separator: " ").dropFirst(2).prefix { $0 != "|" }.map(String.init)
                let other = try #require(Pinhole.commands.first { $0.name == words.first }, "\(example)")
                _ = try Arguments(parsing: Array(words.dropFirst()), for: other)
                isOwn = isOwn || other.name == command.name
            }
            #expect(isOwn, "\(command.name)")
        }
    }

    /// The first cells of the tables in a section that begin with `prefix`, as the shell would have them.
    private func cells(of path: String, in section: String, from prefix: String) throws -> [String] {
        let sections = sections(of: try text(of: path), from: "## ", to: ["## "])
        let lines = try #require(sections[section], "\(path) has no section '\(section)'")
        return lines.filter { $0.hasPrefix("| `\(prefix)") }.map { line in
            String(line.dropFirst(3).prefix { $0 != "`" }).replacing(#"\|"#, with: "|")
        }
    }

    @Test func `the tables of options have each option of pinholed and rules, as in the help`() throws {
        let document = "docs/configuration.md"
        #expect(
            try cells(of: document, in: "Options of the daemon", from: "--")
                == Pinholed.options.map(\.usage)
        )
        #expect(
            try Set(cells(of: document, in: "Options of the rules", from: "--"))
                == Set(RulesCommand.options.map(\.usage))
        )
    }

    @Test func `the table of subcommands is complete`() throws {
        let rows = try text(of: "docs/operations.md").split(separator: "\n").filter {
            $0.hasPrefix("| `pinhole ")
        }
        let words = Set(rows.flatMap { $0.matches(of: /`pinhole ([a-z]+)/).map { String($0.1) } })
        #expect(words == Set(Pinhole.commands.map { $0.name }))
    }

    /// Text about several subcommands is prose; it only has to name each option.
    @Test func `the documents name every option of every command`() throws {
        let documents = try text(of: "docs/configuration.md") + text(of: "docs/operations.md")
        for command in Pinhole.commands + [Pinholed.self] as [any Commands.Command.Type] {
            for option in command.options {
                #expect(documents.contains("`--\(option.name)"), "\(command.invocation) --\(option.name)")
            }
        }
    }

    @Test func `no command in the manual or the documents has an unknown option`()
        throws
    {
        var count = 0
        for path in try Documents.all() + ["man/pinhole.8", "man/pinholed.8"] {
            let daemon = /pinholed((?: --[a-z][a-z-]*(?:[ =][A-Za-z0-9,.\/]+)?)+)/
            for match in try text(of: path).matches(of: daemon) {
                for option in match.1.matches(of: /--([a-z][a-z-]*)/) {
                    #expect(Pinholed.options.contains { $0.name == option.1 }, "\(path): \(match.0)")
                    count += 1
                }
            }
            for match in try text(of: path).matches(
                of: /pinhole ([a-z]+)((?: [a-z]+)?(?: --[a-z][a-z-]*(?:[ =][A-Za-z0-9,.\/]+)?)+)/
            ) {
                let command = try #require(
                    Pinhole.commands.first { $0.name == match.1 },
                    "\(path): \(match.0)"
                )
                for option in match.2.matches(of: /--([a-z][a-z-]*)/) {
                    #expect(
                        (command.options + [.help]).contains { $0.name == option.1 },
                        "\(path): \(match.0)"
                    )
                    count += 1
                }
            }
        }
        #expect(count >= 20)
    }

    @Test func `documents and manual have each reason of a refusal`() throws {
        let reasons = Refusal.Reason.allCases.map(\.rawValue)
        let rows = try cells(of: "docs/operations.md", in: "Why a line opened nothing", from: "")
        #expect(rows == reasons)
        let protocolText = try text(of: "docs/protocol.md")
        for reason in reasons { #expect(protocolText.contains("`\(reason)`"), "\(reason)") }
        let items = try text(of: "man/pinhole.8").matches(of: /\n\.It Li ([a-z-]+)\n/).map { String($0.1) }
        #expect(items == reasons)
    }

    @Test func `the manual of the configuration has each key and a valid example`() throws {
        let manual = try text(of: "man/pinhole.conf.5")
        // .It Ic timeout No = Ar SECONDS
        let keys = manual.split(separator: "\n").filter { $0.hasPrefix(".It Ic ") }.map {
            String($0.dropFirst(7).prefix { $0 != " " })
        }
        #expect(keys == Key.all.map(\.name))
        let example = try #require(manual.firstMatch(of: /\.Bd -literal -offset indent\n((?s).*)\.Ed/)).1
        let arguments = try Arguments(parsing: [], for: Pinholed.self)
        let settings = try Configuration(at: "FILE", arguments).settings(by: String(example))
        #expect(settings.policy.rules.timeout == 120 && settings.policy.servers.count == 3)
    }

    @Test(arguments: ["pinhole.8", "pinholed.8", "pinhole.conf.5"])
    func `mandoc reports nothing about a manual`(_ name: String) throws {
        let lint = try ChildProcess.run(
            "mandoc",
            ["-T", "lint", Program.top.appending(path: "man/\(name)").path]
        )
        // Which other manuals the machine has is its own affair.
        let complaints = lint.output + lint.errors
        #expect(
            complaints.split(separator: "\n").filter {
                !$0.contains("mandoc.db") && !$0.contains("referenced manual not found")
            } == []
        )
    }

    @Test func `the package has the program's version`() throws {
        let changelog = try text(of: "debian/changelog")
        #expect(changelog.hasPrefix("pinhole (\(Commands.Program.version)) "))
    }
}
