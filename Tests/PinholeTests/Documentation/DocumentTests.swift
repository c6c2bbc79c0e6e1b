// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Foundation
import Linux
import Messages
import Testing

@testable import pinhole
@testable import pinholed

/// What the documents say, held against the program and the project.
struct DocumentTests {
    @Test func `the README is short`() throws {
        #expect(
            try Documents.text(of: "README.md").split(separator: "\n", omittingEmptySubsequences: false).count
                <= 200
        )
    }

    @Test func `every link leads to a file and to a heading in it`() throws {
        var count = 0
        for path in try Documents.all() {
            let folder = Program.top.appending(path: path).deletingLastPathComponent()
            for match in try Documents.text(of: path).matches(of: /\]\(([^)#:]*)(#[^)]*)?\)/) {
                let target =
                    match.1.isEmpty ? Program.top.appending(path: path) : folder.appending(path: match.1)
                try #require(FileManager.default.fileExists(atPath: target.path), "\(path): \(match.0)")
                count += 1
                guard let anchor = match.2?.dropFirst() else { continue }
                let headings = try String(contentsOf: target, encoding: .utf8).matches(of: #/(?m)^#+ (.*)$/#)
                #expect(
                    headings.contains { Documents.anchor(of: $0.1) == anchor },
                    "\(path): \(match.0)"
                )
            }
        }
        #expect(count >= 80)
    }

    @Test func `the program accepts every command in the documents`() throws {
        var count = 0
        for path in try Documents.all() {
            for command in try Documents.commands(of: path, beginningWith: "pinhole") {
                let words = command.split(separator: " ").dropFirst().prefix { $0 != "|" }.map(String.init)
                guard let known = Pinhole.commands.first(where: { $0.name == words.first }) else {
                    Issue.record("\(path): \(command)")
                    continue
                }
                do {
                    _ = try Arguments(parsing: Array(words.dropFirst()), for: known)
                } catch {
                    Issue.record("\(path): \(command): \(error.message)")
                }
                count += 1
            }
        }
        #expect(count >= 20)
    }

    @Test func `the daemon accepts every command in the documents`() throws {
        var count = 0
        for path in try Documents.all() {
            let lines = try Documents.blocks(of: path).joined()
            for line in lines where line == "pinholed" || line.hasPrefix("pinholed ") {
                let words = line.split(separator: " ").dropFirst().map(String.init)
                do {
                    _ = try Arguments(parsing: words, for: Pinholed.self)
                } catch {
                    Issue.record("\(path): \(line): \(error.message)")
                }
                count += 1
            }
        }
        #expect(count >= 3)
    }

    /// A script that runs a command, and ends one that stays in the foreground once it is ready.
    private static func script(_ command: String) -> String {
        guard command.hasPrefix("pinhole rules watch") else { return "\(command) >\"$dir/out\"\n" }
        return """
            "$pinhole" \(command.dropFirst("pinhole ".count)) 2>"$dir/watch" & background+=($!)
            until_ grep -q event=rules-watched "$dir/watch"
            kill "${background[-1]}"
            wait "${background[-1]}"
            unset 'background[-1]'

            """
    }

    /// Those that need the firewall or service in question, or a network, are run by `scripts/walk-through`.
    @Test(arguments: [
        "README.md", "docs/install.md", "docs/firewalls.md", "docs/ftps.md", "docs/operations.md",
        "docs/routing.md",
    ])
    func `the kernel accepts every rule in the documents`(_ path: String) throws {
        var commands: [String] = []
        for command in try Documents.commands(
            of: path,
            beginningWith: "iptables",
            "ip",
            "sysctl",
            "pinhole rules"
        ) where !commands.contains(command) && !command.hasPrefix("ip netns exec ") {
            commands.append(command)
        }
        #expect(!commands.isEmpty)
        let child = try Program.script("iptables -N DOCKER-USER\n" + commands.map(Self.script).joined())
        #expect(child.errors == "")
        #expect(child.status == 0)
    }

    @Test func `nftables accepts the sample of a firewall`() throws {
        let tables = try Documents.blocks(of: "docs/firewalls.md").filter {
            $0.first?.hasPrefix("table ") == true
        }
        let table = try #require(tables.first).joined(separator: "\n")
        let child = try Program.script("nft -f - <<'END'\n\(table)\nEND\nnft list ruleset")
        #expect(child.errors == "")
        #expect(child.output.contains("ct state established,related accept"))
    }

    @Test func `every sample of the configuration is valid`() throws {
        var count = 0
        for path in try Documents.all() {
            for block in try Documents.blocks(of: path)
            where block.contains(where: { $0.hasPrefix("[server ") }) {
                let arguments = try Arguments(parsing: [], for: Pinholed.self)
                _ = try Configuration(at: path, arguments).settings(by: block.joined(separator: "\n"))
                count += 1
            }
        }
        #expect(count >= 2)
    }

    @Test func `the document of the protocol has each rule that code or tests cite`() throws {
        let rules = Set(
            try Documents.text(of: "docs/protocol.md").matches(of: #/(?m)^#{3} ([ABGS][0-9]+[a-z]?)\. /#).map
            { String($0.1) }
        )
        var cited: Set<String> = []
        for folder in ["Sources", "Tests"] {
            let top = Program.top.appending(path: folder)
            let files = try #require(FileManager.default.enumerator(at: top, includingPropertiesForKeys: nil))
            for case let file as URL in files where file.pathExtension == "swift" {
                let text = try String(contentsOf: file, encoding: .utf8)
                for match in text.matches(
                    of: /contract ([ABGS][0-9]+[a-z]?)(?: (?:to|and) ([ABGS][0-9]+[a-z]?))?/
                ) {
                    cited.insert(String(match.1))
                    if let last = match.2 { cited.insert(String(last)) }
                }
            }
        }
        #expect(cited.count >= 18)
        #expect(cited.subtracting(rules) == [])
    }

    @Test func `the walk-through finds its commands in the documents`() throws {
        let script = Program.top.appending(path: "scripts/walk-through").path
        let child = try ChildProcess.run(script, ["--show"])
        #expect(child.status == 0)
        var blocks: [String: [String]] = [:]
        var place = ""
        for line in child.output.split(separator: "\n").map(String.init) {
            if line.hasPrefix("    ") {
                blocks[place, default: []].append(String(line.dropFirst(4)))
            } else {
                place = line
                blocks[place] = []
            }
        }
        #expect(blocks.count >= 12)
        for (place, block) in blocks { #expect(!block.isEmpty, "\(place)") }
        #expect(blocks["README.md:Install:1"]?.count == 5)
        #expect(blocks["README.md:Install:1"] == blocks["docs/install.md:With the Debian package:1"])
        // What it reads is what it shows.
        let text = try Documents.text(of: "scripts/walk-through")
        for match in text.matches(
            of: /(?:commands|block) ((?:docs\/)?[A-Za-z]+\.md) (?:'([^']*)'|([A-Za-z]+))(?: ([0-9]))?/
        ) {
            let section = match.2 ?? match.3 ?? ""
            #expect(blocks["\(match.1):\(section):\(match.4 ?? "1")"] != nil, "\(match.0)")
        }
    }
}
