// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Foundation
import Linux
import Testing

@testable import Configuration
@testable import pinhole
@testable import pinholed

/// What the shells offer, asked of the shells.
struct CompletionTests {
    enum Shell: String, CaseIterable {
        case bash
        case zsh
        case fish
    }

    /// `ask SHELL WORD...` prints what the shell offers for the last word, one a line.
    private let ask = ". \"$scripts/ask.sh\"\n"

    private func offered(_ shell: Shell, _ words: String...) throws -> Set<String> {
        try offered(shell, words)
    }

    private func offered(_ shell: Shell, _ words: [String]) throws -> Set<String> {
        let line = words.map { "'\($0)'" }.joined(separator: " ")
        let completions = Program.top.appending(path: "dist/completions").path
        let child = try Program.script("completions='\(completions)'\n\(ask)ask \(shell.rawValue) \(line)")
        #expect(child.errors == "")
        #expect(child.status == 0)
        return Set(child.output.split(separator: "\n").map(String.init))
    }

    @Test(arguments: Shell.allCases)
    func `every subcommand is completed`(_ shell: Shell) throws {
        let names = Set(Pinhole.commands.map { $0.name })
        #expect(try offered(shell, "pinhole", "").subtracting(["--help", "--version"]) == names)
        #expect(try offered(shell, "pinhole", "expe") == ["expectations"])
    }

    @Test(arguments: Shell.allCases)
    func `every option of a command is completed, and no other`(_ shell: Shell) throws {
        for command in [RulesCommand.self, ReplayCommand.self] as [any Subcommand.Type] {
            let names = Set((command.options + [.help]).map { "--\($0.name)" })
            #expect(try offered(shell, "pinhole", command.name, "--") == names, "\(command.name)")
        }
        let names = Set((Pinholed.options + [.help]).map { "--\($0.name)" })
        #expect(try offered(shell, "pinholed", "--") == names)
    }

    @Test(arguments: Shell.allCases)
    func `each argument is completed with values of its kind`(_ shell: Shell) throws {
        #expect(
            try offered(shell, "pinhole", "rules", "")
                == ["load", "watch", "unload", "print", "create-sets"]
        )
        #expect(try offered(shell, "pinhole", "events", "--format", "") == ["text", "json", "xferlog"])
        #expect(try offered(shell, "pinholed", "--user", "nobod") == ["nobody"])
        #expect(try offered(shell, "pinhole", "replay", "cap") == ["capture.pcap"])
        #expect(try offered(shell, "pinholed", "--socket", "cap") == ["capture.pcap"])
        #expect(try offered(shell, "pinholed", "--timeout", "") == [])
    }

    @Test(arguments: Shell.allCases)
    func `the values of a key are completed`(_ shell: Shell) throws {
        for (key, command) in Key.ofDaemon.map({ ($0, ["pinholed"]) })
            + Key.ofRules.map({ ($0, ["pinhole", "rules"]) })
        {
            let words: [String]
            switch key.form {
            case .choice(_, let choices): words = choices
            case .yesOrNo: words = ["yes", "no"]
            case .flag, .flagOrValue, .value: continue
            }
            #expect(try offered(shell, command + ["--\(key.name)", ""]) == Set(words), "\(key.name)")
        }
    }
}
