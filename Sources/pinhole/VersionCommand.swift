import Linux
import PinholeDaemon

/// `pinhole version`.
enum VersionCommand: Command {
    static let name = "version"
    static let summary = "say which version this is"

    static func run(_ arguments: Arguments) throws(UserError) {
        try StandardOutput.line("pinhole \(Pinhole.version)")
    }
}
