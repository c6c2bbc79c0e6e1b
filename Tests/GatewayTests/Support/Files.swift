// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// The files that the tests bring along or find beside themselves.
enum Files {
    /// The command line under test.
    static func pinhole() throws -> String { try program("pinhole") }

    /// The daemon under test.
    static func pinholed() throws -> String { try program("pinholed") }

    /// A program under test: it is beside the test bundle, in the same build folder.
    static func program(_ name: String) throws -> String {
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = URL(filePath: bundle).deletingLastPathComponent().appending(path: name).path
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw HarnessError("no \(name) beside \(bundle)")
        }
        return program
    }

    /// Where the sources of the benchmarks' programs are.
    static let benchmarks = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../Benchmarks/Gateway").standardized.path

    /// A program of a Debian package that was unpacked, not installed: `scripts/servers` in the Makefile.
    static func unpacked(_ package: String, _ path: String) throws -> String {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../../.build/servers"
        )
        let program = folder.appending(path: "\(package)/\(path)").standardized.path
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw HarnessError("no \(program): `make deps` unpacks it")
        }
        return program
    }

    /// One of the programs in `Scripts`, in Python if not said otherwise.
    static func script(_ name: String, extension ending: String = "py") throws -> String {
        guard let url = Bundle.module.url(forResource: name, withExtension: ending, subdirectory: "Scripts")
        else {
            throw HarnessError("no script \(name).\(ending)")
        }
        return url.path
    }
}
