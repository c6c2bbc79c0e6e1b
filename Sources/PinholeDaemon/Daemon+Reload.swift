// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Linux
import Messages
import Netfilter

extension Daemon {
    /// Reads the configuration again and applies it; a configuration with errors changes nothing.
    ///
    /// Sessions are not interrupted. Open expectations stay open, and new announcements follow the new rules.
    static func reload(
        _ file: ConfigurationFile,
        _ opener: borrowing FileOpener,
        _ current: Settings,
        _ awaitedFTPS: AwaitedFTPS,
        _ engine: inout Engine<LinuxKernel>,
        _ log: inout Log
    ) -> ControlAnswer {
        do throws(UserError) {
            let settings = try file.settings(text(of: file, opener))
            engine.system.dataMark = settings.dataMark
            engine.system.bypassMark = settings.bypassMark
            let (policy, problem) = awaitedFTPS.possible(
                settings.policy,
                missing: engine.system.missingSessions(),
                at: Clock.now()
            )
            engine.adopt(policy, at: Clock.now())
            log.threshold = settings.logLevel
            let later = StartupSetting.allCases.filter { $0.differs(current, settings) }
                .map(\.rawValue).joined(separator: ",")
            log.write(.info, "reloaded") { if later != "" { $0.add("at-next-start", later) } }
            if let problem { log.write(ftpsProblem: problem) }
            let warnings = settings.warnings
            log.write(warnings)
            let lines =
                (later == "" ? [] : ["only at the next start: \(later)"])
                + ((problem.map { [$0] } ?? []) + warnings).map { "warning: \($0.message): \($0.hint)" }
            return .whole(lines.map { $0 + "\n" }.joined())
        } catch {
            let problems = error.all
            for problem in problems {
                log.write(.error, "configuration-refused") {
                    $0.add("reason", problem.message)
                    $0.add("hint", problem.hint)
                }
            }
            let first = problems.first ?? error
            let more = problems.count > 1 ? ", and \(problems.count - 1) more, see the log" : ""
            return .failure(first.message, hint: first.hint + more)
        }
    }

    private static func text(
        of file: ConfigurationFile,
        _ opener: borrowing FileOpener
    ) throws(UserError) -> String {
        do throws(SystemError) {
            return try opener.open().text()
        } catch {
            if error.code == ENOENT, file.mayBeMissing { return "" }
            let hint = "check that the file exists and that the daemon's user can read it"
            throw UserError(error.description, hint: hint)
        }
    }
}
