// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// A program that goes on while the test does other things, with its output in a file.
struct Service: Sendable {
    let name: String
    let lab: Lab
    let program: Program
    let input: FileHandle

    /// What it has written so far, standard output and standard error together.
    var text: String { lab.read("\(name).log") }

    /// The lines it has written so far.
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: true) }

    /// Writes a line to its standard input.
    func say(_ line: String) throws {
        try input.write(contentsOf: Data((line + "\n").utf8))
    }

    /// Waits until it has written something, at most so many seconds.
    func said(_ part: String, within seconds: Double = 60) async throws {
        try await poll(for: "\(name) to say \"\(part)\"", within: seconds) {
            if text.contains(part) { return true }
            guard program.isRunning else {
                throw HarnessError("\(name) ended, without \"\(part)\":\n\(text)")
            }
            return false
        }
    }

    /// Its process number, as the lab has it.
    var identifier: Int32 {
        get throws {
            let text = lab.read("\(name).pid").trimmingCharacters(in: .whitespacesAndNewlines)
            guard let number = Int32(text) else { throw HarnessError("\(name) has not started") }
            return number
        }
    }

    /// KiB of memory that it has at present.
    var memory: Int {
        get throws {
            let status = try String(contentsOfFile: lab.root("/proc/\(identifier)/status"), encoding: .utf8)
            guard let size = status.firstMatch(of: /VmRSS:\s+(\d+) kB/).flatMap({ Int($0.1) }) else {
                throw HarnessError("no VmRSS:\n\(status)")
            }
            return size
        }
    }

    /// How many files it has open.
    var files: Int {
        get async throws {
            try await lab.require(["ls", "/proc/\(identifier)/fd"]).split(separator: "\n").count
        }
    }

    /// Sends a signal to it and returns its exit status.
    func stop(_ signal: String = "TERM") async throws -> Int32 {
        try await self.signal(signal)
        return await program.end()
    }

    /// Suspends it for so many seconds.
    func pause(seconds: Double) async throws {
        try await signal("STOP")
        try await Task.sleep(for: .seconds(seconds))
        try await signal("CONT")
        // nsenter(1), its parent, stops with it and would never take notice of its end.
        program.resume()
    }

    private func signal(_ signal: String) async throws {
        _ = try await lab.run(["kill", "-\(signal)", String(identifier)])
    }

    /// Closes its standard input and returns its exit status.
    func finish() async throws -> Int32 {
        try input.close()
        return await program.end()
    }

    /// The port of the last 227 it has shown, which has to name this address, with commas.
    func passivePort(showing address: String) throws -> Int {
        guard let reply = lines.last(where: { $0.hasPrefix("227 ") }),
            let match = reply.firstMatch(of: /\((\d+,\d+,\d+,\d+),(\d+),(\d+)\)/),
            let high = Int(match.2), let low = Int(match.3), match.1 == address
        else { throw HarnessError("no 227 with \(address):\n\(text)") }
        return high << 8 | low
    }

    /// The port of the last 229 it has shown.
    func extendedPort() throws -> Int {
        guard let reply = lines.last(where: { $0.hasPrefix("229 ") }),
            let match = reply.firstMatch(of: /\|\|\|(\d+)\|/), let port = Int(match.1)
        else { throw HarnessError("no 229:\n\(text)") }
        return port
    }
}
