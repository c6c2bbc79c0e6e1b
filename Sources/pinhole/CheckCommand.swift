// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Inspection
import Linux
import Messages

/// `pinhole check`.
enum CheckCommand: Subcommand {
    static let name = "check"
    static let summary = "check that everything is in place, and say what to fix"
    static let options = [Option.config, .socket]

    static func run(_ arguments: Arguments) throws(UserError) {
        let findings = Inspection(
            Configuration(arguments),
            socketPath: arguments.socketPath,
            exporterPort: ExporterCommand.usualPort
        ).findings
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
