import Foundation

/// The files that the tests bring along or find beside themselves.
enum Files {
    /// The program under test: it lies beside the test bundle, in the same build folder.
    static func pinhole() throws -> String {
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = URL(filePath: bundle).deletingLastPathComponent().appending(path: "pinhole").path
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw HarnessError("no pinhole beside \(bundle)")
        }
        return program
    }

    /// One of the Python programs in `Scripts`.
    static func script(_ name: String) throws -> String {
        guard let url = Bundle.module.url(forResource: name, withExtension: "py", subdirectory: "Scripts")
        else {
            throw HarnessError("no script \(name).py")
        }
        return url.path
    }
}
