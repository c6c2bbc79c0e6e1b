// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import Formats
import Inspection
import Linux
import Messages

/// `pinhole check`.
enum CheckCommand: Subcommand {
    static let name = "check"
    static let summary = "check the installation and say what to fix"
    static let options = [Option.config, verbose, monitoring, .json, .socket]

    private static let verbose = Option("verbose", nil, "list passed checks, too (-v)", letter: "v")
    private static let monitoring = Option("monitoring", nil, "write one line for Nagios, Icinga and others")

    static func run(_ arguments: Arguments) throws(UserError) {
        let findings = Inspection(
            Configuration(arguments),
            socketPath: arguments.socketPath,
            exporterPort: ExporterCommand.usualPort
        ).findings
        guard !arguments.has(monitoring) else {
            let result = MonitoringResult(
                findings,
                mayLook: Capabilities.contain(.networkAdministration),
                socketPath: arguments.socketPath
            )
            try StandardOutput.line(result.line)
            Program.end(with: result.status.rawValue)
        }
        if arguments.has(.json) {
            try StandardOutput.line(Escaping.harmless(JSON.array(findings.map(\.json)).text))
        } else {
            for finding in findings where arguments.has(verbose) || finding.grade != .fine {
                try StandardOutput.line(finding.description)
            }
        }
        let count = findings.count { $0.grade == .failed }
        guard count == 0 else {
            throw UserError(
                "\(count) of \(findings.count) checks failed",
                hint: "each line above says how to fix it"
            )
        }
        if !arguments.has(.json) { try StandardOutput.line(findings.summary) }
    }
}

extension Finding {
    fileprivate var json: JSON {
        .object([
            JSON.Member("grade", .string(grade.rawValue)), JSON.Member("subject", .string(subject)),
            JSON.Member("hint", .string(hint)),
        ])
    }
}

extension [Finding] {
    /// `32 checks, all ok`, or `32 checks, 1 not ok, 2 warnings`.
    var summary: String {
        let failed = count { $0.grade == .failed }
        let warnings = count { $0.grade == .warning }
        let parts =
            (failed > 0 ? ["\(failed) not ok"] : [])
            + (warnings > 0 ? ["\(warnings) warning\(warnings == 1 ? "" : "s")"] : [])
        return "\(count) checks, \(parts.isEmpty ? "all ok" : parts.joined(separator: ", "))"
    }
}
