// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
package import Linux
package import Messages
package import Netfilter

/// The commands that read and change the packet filter.
package enum Firewall {
    /// Every rule of the family, as `iptables-save` writes it.
    package static func save(_ family: PinholeSet.Family) throws(UserError) -> String {
        try run("\(family.program)-save", package: "iptables")
    }

    /// What the other variants of `iptables-save` list, if it is more than `text`, which the usual one has listed.
    ///
    /// A machine may have rules in nftables and legacy ones, and its packets pass both. Without legacy tables that variant is not
    /// asked.
    package static func saveOthers(
        _ family: PinholeSet.Family,
        than text: String?
    ) -> [(program: String, text: String)] {
        func rules(_ text: String?) -> [Substring] {
            text?.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != "[" } } ?? []
        }
        let names = family == .v4 ? "/proc/net/ip_tables_names" : "/proc/net/ip6_tables_names"
        let hasLegacy = !((try? TextFile.read(names)) ?? "").isEmpty
        return (hasLegacy ? ["nft", "legacy"] : ["nft"]).compactMap { variant in
            let program = "\(family.program)-\(variant)"
            guard let saved = try? run("\(program)-save", package: "iptables"),
                !rules(saved).isEmpty, rules(saved) != rules(text)
            else { return nil }
            return (program, saved)
        }
    }

    /// Applies the lines, each table atomically; other rules are kept.
    static func restore(_ lines: [String], _ family: PinholeSet.Family) throws(UserError) {
        let input = lines.map { "\($0)\n" }.joined()
        _ = try run("\(family.program)-restore", ["--wait", "--noflush"], input: input, package: "iptables")
    }

    /// Applies an nft script atomically; a trial changes nothing.
    static func perform(_ script: String, isTrial: Bool = false) throws(UserError) {
        let options = (isTrial ? ["--check"] : []) + ["--file", "-"]
        _ = try run("nft", options, input: script, package: "nftables")
    }

    /// Our table as nft lists it, without counters and members of sets; `nil` if it does not exist.
    package static func nftTable() throws(UserError) -> String? {
        let words = ["--stateless", "--terse", "list", "table", "inet", PinholeSet.table]
        do throws(UserError) {
            return try run("nft", words, package: "nftables")
        } catch {
            guard try nftTables().contains("inet \(PinholeSet.table)") else { return nil }
            throw error
        }
    }

    /// The rules of nftables, as JSON and as nft writes them, with handles.
    ///
    /// Those of iptables-nft are among them.
    package static func nftRuleset() throws(UserError) -> (json: String, text: String) {
        (
            try run("nft", ["--json", "list", "ruleset"], package: "nftables"),
            try run("nft", ["--handle", "--stateless", "list", "ruleset"], package: "nftables")
        )
    }

    /// Family and name of every table of nftables, including those of iptables: `inet filter`.
    static func nftTables() throws(UserError) -> [Substring] {
        try run("nft", ["list", "tables"], package: "nftables").split(separator: "\n").map {
            $0.drop { $0 != " " }.dropFirst()
        }
    }

    /// Tells whether iptables, ip6tables and ipset can be used.
    static var hasIPTables: Bool {
        PinholeSet.Family.allCases.allSatisfy { (try? save($0)) != nil } && (try? sets()) != nil
    }

    /// The modules to load for the match `-m NAME` or the target `-j NAME`; `nil` if the kernel has it.
    ///
    /// Before iptables shows help for an extension, it asks the kernel for it and warns if it is missing: `Extension NAME
    /// revision 0 not supported`.
    package static func missingModules(for option: String, _ name: String) throws(SystemError) -> String? {
        let child = try ChildProcess.run("iptables", [option, name, "--help"])
        guard child.errors.contains(" Extension \(name) ") else { return nil }
        return child.output.contains("(nf_tables)") ? "nft_compat xt_\(name)" : "xt_\(name)"
    }

    /// Type and parameters of each set, by name.
    static func sets() throws(UserError) -> [String: String] {
        var sets: [String: String] = [:]
        var name = ""
        for line in try run("ipset", ["list", "-terse"], package: "ipset").split(separator: "\n") {
            let words = line.split(separator: " ")
            switch words.first {
            case "Name:": name = words.dropFirst().joined()
            case "Type:": sets[name] = words.dropFirst().joined()
            case "Header:": sets[name, default: ""] += " " + words.dropFirst().joined(separator: " ")
            default: break
            }
        }
        return sets
    }

    /// Creates a set with this type and these parameters.
    static func create(_ name: String, _ definition: String) throws(UserError) {
        _ = try run(
            "ipset",
            ["create", name] + definition.split(separator: " ").map(String.init),
            package: "ipset"
        )
    }

    /// Destroys a set.
    ///
    /// nf_tables frees rules in the background, so a set remains in use for a moment after its last rule is deleted. If it
    /// remains in use for longer, another rule uses it.
    static func destroy(_ name: String) throws(UserError) {
        for _ in 1..<100 {
            if (try? run("ipset", ["destroy", name], package: "ipset")) != nil { return }
            usleep(10_000)
        }
        _ = try run("ipset", ["destroy", name], package: "ipset")
    }

    /// Runs a command, and returns its output.
    private static func run(
        _ program: String,
        _ arguments: [String] = [],
        input: String = "",
        package: String
    ) throws(UserError) -> String {
        let child: ChildProcess
        do {
            child = try ChildProcess.run(program, arguments, input: input)
        } catch  where error.code == ENOENT {
            throw UserError("there is no command \(program)", hint: "apt install \(package)")
        } catch {
            throw UserError("\(error)", hint: "check that \(program) can be executed")
        }
        guard child.status == 0 else {
            throw UserError(
                "\(program) failed: \(reason(in: child.errors, of: program))",
                hint: hint(for: program, complaining: child.errors)
            )
        }
        return child.output
    }

    private static func hint(for program: String, complaining errors: String) -> String {
        if program == "nft" {
            "the kernel must have nftables with queue, or use --backend iptables"
        } else if errors.contains("initialize nft") || errors.contains("rule set generation") {
            // Messages of iptables-nft when it starts.
            "modprobe nf_tables"
        } else {
            "the kernel must have NFQUEUE and ipset, and the matches conntrack and set"
        }
    }

    /// The first line of a command's error message, without its prefix.
    private static func reason(in errors: String, of program: String) -> String {
        for line in errors.split(separator: "\n") {
            let isNamed = line.hasPrefix(program)
            let text =
                if let error = line.firstRange(of: "Error: ") { line[error.upperBound...] } else if isNamed {
                    line.drop { $0 != ":" }.dropFirst()
                } else { line }
            let words = text.split(separator: " ")
            if !words.isEmpty { return words.joined(separator: " ") }
        }
        return "no reason given"
    }
}
