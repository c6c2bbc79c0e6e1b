// SPDX-License-Identifier: GPL-2.0-or-later

/// An option of a command, as the parser and `--help` use it.
package struct Option: Hashable, Sendable {
    /// The name without its dashes.
    package let name: String
    /// The placeholder of its value in the help; `nil` if the option takes no value.
    package let placeholder: String?
    /// What it does, in a few words.
    package let summary: String
    /// The letter that stands for it after a single dash; `nil` for most.
    package let letter: Character?

    package init(
        _ name: String,
        _ placeholder: String? = nil,
        _ summary: String,
        letter: Character? = nil
    ) {
        self.name = name
        self.placeholder = placeholder
        self.summary = summary
        self.letter = letter
    }

    /// `--ports PORT,...`, or `--bypass`.
    package var usage: String {
        if let placeholder { "--\(name) \(placeholder)" } else { "--\(name)" }
    }
}

extension Option {
    /// The option that every command has.
    package static let help = Option("help", nil, "show this help", letter: "h")

    /// Options, and keys of the configuration, that were renamed, with their new names.
    package static let formerNames = ["ftps-mark": "bypass-mark"]
}
