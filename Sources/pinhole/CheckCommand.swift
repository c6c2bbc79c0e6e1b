// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import PinholeDaemon

/// `pinhole check`.
enum CheckCommand: Command {
    static let name = "check"
    static let summary = "check that everything is in place, and say what to fix"
    static let options = [RunCommand.config, .socket]

    static func run(_ arguments: Arguments) throws(UserError) {
        let findings = Inspection(arguments).findings
        try StandardOutput.line(findings.map(\.description).joined(separator: "\n"))
        let count = findings.count { $0.grade == .failed }
        guard count == 0 else {
            throw UserError(
                "\(count) of \(findings.count) checks failed",
                hint: "each line above says how to fix it"
            )
        }
    }
}
