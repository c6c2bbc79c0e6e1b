/// `pinhole version`.
enum VersionCommand: Command {
    static let name = "version"
    static let summary = "say which version this is"

    static func run(_ arguments: Arguments) { print("pinhole \(Pinhole.version)") }
}
