import Netfilter

/// `pinhole version`.
enum VersionCommand: Command {
    static let name = "version"
    static let summary = "say which version this is"

    static func run(_ arguments: Arguments) throws(Failure) {
        try StandardOutput.line("pinhole \(Pinhole.version)")
    }
}
