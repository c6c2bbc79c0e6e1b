// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Foundation

@testable import Configuration
@testable import pinhole
@testable import pinholed

/// What documents say about the keys of the configuration, generated from the table of keys.
enum GeneratedDocuments {
    /// The sample of the configuration file, `dist/conf/pinhole.conf`.
    static var sample: String {
        let introduction = """
            The daemon, `pinhole rules` and `pinhole check` read this file. Its keys are also options of `pinholed` or of \
            `pinhole rules`, and the command line takes precedence. The lines below show the defaults, and examples where there are none. \
            `pinholed --check-config` checks this file. After a change, `systemctl reload pinhole` loads the rules again \
            and makes the running daemon read it; without systemd, `pinhole rules load` and `pinhole reload` do.
            """
        let general = Key.general.map { key in
            let words = key.standardNote.map { " The default is \($0)." } ?? ""
            return comment("\(key.details)\(choices(of: key))\(words)\(effect(of: key))")
                + "#\(key.name) = \(key.standard ?? key.example ?? "")\n"
        }
        let servers = """
            Settings for servers with these addresses, their own or those that clients use: \
            \(list(Key.general.filter { $0.scope == .anywhere }.map { "`\($0.name)`" })). If several sections match, the \
            one with the longest prefix applies. These keys are allowed in such sections only:
            """
        let own = Key.all.filter { $0.scope == .server }.map { key in
            "#\n" + comment("`\(key.name)`: \(key.details)\(standard(of: key))")
        }
        return "# SPDX-License-Identifier: GPL-2.0-or-later\n"
            + "# /etc/pinhole/pinhole.conf: configuration of Pinhole. See pinhole.conf(5).\n#\n"
            + comment(introduction) + "\n" + general.joined(separator: "\n") + "\n" + comment(servers)
            + own.joined() + serverSections
    }

    private static var serverSections: String {
        let own = Key.all.filter { $0.scope == .server }.map {
            "#\($0.name) = \($0.example ?? $0.standard ?? "")\n"
        }
        return """
            #[server 10.2.0.2]
            #timeout = 60
            #
            #[server fd02::/64]
            #strict = yes
            #active = no
            #
            #[server 10.2.0.3]
            \(own.joined())
            """
    }

    /// Replaces the generated parts of a document, from a line with `generated: NAME` to one with `end of what is generated`.
    static func inserting(_ parts: [String: String], into text: String) -> String {
        var lines: [Substring] = []
        var isInside = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let begin = parts.first { line.contains("generated: \($0.key)") }
            if line.contains("end of what is generated") { isInside = false }
            if !isInside { lines.append(line) }
            if let begin {
                isInside = true
                lines += begin.value.split(separator: "\n", omittingEmptySubsequences: false)
            }
        }
        return lines.joined(separator: "\n")
    }

    /// The table of the options of `pinholed` in docs/configuration.md.
    static var optionTable: String { optionTable(Pinholed.options, Key.ofDaemon) }

    /// The table of the options of `pinhole rules` in docs/configuration.md.
    static var rulesTable: String { optionTable(RulesCommand.options, Key.ofRules) }

    /// The table of the options of `pinhole sync` in docs/configuration.md.
    static var syncTable: String { optionTable(SyncCommand.options, Key.ofSync) }

    private static func optionTable(_ options: [Option], _ keys: [Key]) -> String {
        let own = options.filter { option in !keys.contains { $0.option.name == option.name } }
        let rows =
            own.map { ($0.usage, $0.summary, "") }
            + keys.map { ($0.option.usage, $0.details, $0.shownStandard ?? "") }
        return table(["option", "meaning", "default"], rows)
    }

    /// The table of the keys that only servers have in docs/configuration.md.
    static var serverTable: String {
        let keys = Key.all.filter { $0.scope == .server }
        return table(
            ["key", "meaning", "default"],
            keys.map { ("\($0.name) = \(values(of: $0))", $0.details, $0.shownStandard ?? "") }
        )
    }

    private static func table(_ titles: [String], _ rows: [(String, String, String)]) -> String {
        (["", "| \(titles.joined(separator: " | ")) |", "| --- | --- | --- |"]
            + rows.map { "| `\($0.0.replacing("|", with: #"\|"#))` | \($0.1) | \($0.2) |" } + [""]).joined(
                separator: "\n"
            )
    }

    /// Some keys, as a line of Markdown.
    static func names(_ keys: [Key]) -> String {
        "\n\(filled(list(keys.map { "`\($0.name)`" }) + ".", width: 120).joined(separator: "\n"))\n"
    }

    /// The keys that can differ from server to server, in mdoc(7).
    static var sharedKeys: String {
        let names = Key.all.filter { $0.scope == .anywhere }.map(\.name)
        return names.dropLast(2).map { ".Ic \($0) ,\n" }.joined()
            + names.suffix(2).map { ".Ic \($0)" }.joined(separator: "\nand\n")
    }

    /// The items of some keys in pinhole.conf(5).
    static func keyItems(_ keys: [Key]) -> String {
        keys.map { key in
            let argument: String =
                switch key.form {
                case .flag, .yesOrNo: "Cm yes | no"
                case .flagOrValue(let placeholder): "Cm yes | no | Ar \(placeholder)"
                case .choice(_, let words): "Cm \(words.joined(separator: " | "))"
                case .value(let placeholder): "Ar \(placeholder)"
                }
            return ".It Ic \(key.name) No = \(argument)\n"
                + Roff.text(key.details + standard(of: key) + effect(of: key)) { "Ic \($0)" }
        }.joined(separator: "\n")
    }

    /// The items of the options that some keys are, in pinholed(8) and pinhole(8).
    static func optionItems(_ keys: [Key]) -> String {
        keys.map { key in
            let option = key.option
            return ".It Fl -\(option.name)\(option.placeholder.map { " Ar \($0)" } ?? "")\n"
                + Roff.text(key.details + (option.placeholder == nil ? "" : standard(of: key))) { name in
                    keys.contains { $0.name == name } ? "Fl -\(name)" : "Ic \(name)"
                }
        }.joined(separator: "\n")
    }

    static func list(_ words: [String]) -> String {
        words.dropLast().joined(separator: ", ") + " and " + (words.last ?? "")
    }

    private static func standard(of key: Key) -> String {
        key.shownStandard.map { " The default is \($0)." } ?? ""
    }

    private static func effect(of key: Key) -> String {
        switch (key.effect, key.reader) {
        case (.atNextStart, _): " A new value takes effect at the next start."
        case (.atOnce, .rules), (.atOnce, .both): " For a new value, load the rules again."
        case (.atOnce, .sync): " A new value takes effect when `pinhole sync` starts again."
        case (.atOnce, .daemon): ""
        }
    }

    private static func choices(of key: Key) -> String {
        switch key.form {
        case .flag, .yesOrNo: " Give yes or no."
        case .flagOrValue(let placeholder): " Give yes, no or \(placeholder)."
        case .choice, .value: ""
        }
    }

    private static func values(of key: Key) -> String {
        switch key.form {
        case .flag, .yesOrNo: "yes/no"
        case .flagOrValue(let placeholder): "yes/no/\(placeholder)"
        case .choice(_, let words): words.joined(separator: "/")
        case .value(let placeholder): placeholder
        }
    }

    private static func comment(_ text: String) -> String {
        filled(text, width: 98).map { "# \($0)\n" }.joined()
    }

    static func filled(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    /// Plain text with backquotes as mdoc(7).
    private enum Roff {
        static func text(_ text: String, key: (String) -> String) -> String {
            var lines: [String] = []
            for sentence in sentences(of: text) { lines += self.lines(of: sentence, key) }
            return lines.joined(separator: "\n")
        }

        /// Sentences, each of which begins a line in mdoc.
        private static func sentences(of text: String) -> [String] {
            text.split(separator: " ").reduce(into: [""]) { sentences, word in
                let last = sentences.count - 1
                if sentences[last].hasSuffix(".") {
                    sentences.append(String(word))
                } else {
                    sentences[last] += sentences[last].isEmpty ? "\(word)" : " \(word)"
                }
            }
        }

        private static func lines(of sentence: String, _ key: (String) -> String) -> [String] {
            var lines: [String] = []
            var isInParentheses = false
            let parts = sentence.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
            for (index, part) in parts.enumerated() {
                guard index % 2 == 1 else {
                    var rest = part
                    if index > 0 {
                        // Punctuation belongs to the macro before it.
                        if isInParentheses, rest.hasPrefix(")") { rest.removeFirst() }
                        let marks = rest.prefix { ".,:;)".contains($0) }
                        if !marks.isEmpty {
                            lines[lines.count - 1] += marks.map { " \($0)" }.joined()
                            rest.removeFirst(marks.count)
                        }
                    }
                    isInParentheses = rest.hasSuffix("(")
                    if isInParentheses { rest.removeLast() }
                    lines += GeneratedDocuments.filled(rest, width: 79)
                    continue
                }
                lines.append(".\(macro(part, key, isInParentheses))")
            }
            return lines
        }

        private static func macro(_ code: String, _ key: (String) -> String, _ isInParentheses: Bool)
            -> String
        {
            if Key.all.contains(where: { $0.name == code }) { return key(code) }
            if !isInParentheses, code.hasPrefix("pinhole ") {
                let words = code.split(separator: " ").map { word in
                    word.hasPrefix("--") ? "Fl \(word.dropFirst())" : "Cm \(word)"
                }
                return words.joined(separator: " ").replacing(" Cm ", with: " ")
            }
            if code.hasPrefix("--") { return "Fl \(code.dropFirst())" }
            return isInParentheses ? "Pq Li \(code)" : "Li \(code)"
        }
    }
}
