// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Synchronization

/// A small world of its own: process, mount and network namespaces that end with the test.
///
/// Its first process reads standard input, a pipe from here. When that pipe closes, because the test is over or because
/// the test's process died in whatever way, it ends, and with it the kernel ends every other process of the world, and
/// then its namespaces, mounts and files. Nothing inside has a name outside, so nothing is left to clean up and nothing
/// has to be unique. `/run` is a tmpfs of the world's own: default socket paths and lock files collide with nobody's. So is
/// the list of users, which has one for the daemon.
final class Lab: Sendable {
    /// Where a lab keeps its files, as programs inside name it.
    static let folder = "/run/lab"

    /// The daemon's user, and the user of anonymous sessions, as in `/etc/passwd`, with numbers that no other account has.
    private static let accounts = [
        "pinhole:x:64990:64991::/nonexistent:/usr/sbin/nologin",
        "ftp:x:64992:64992::\(Server.root):/usr/sbin/nologin",
    ]

    private let first: Program
    private let pipe: Pipe
    private let serial = Atomic<Int>(0)

    /// Makes an empty world for the duration of `body`; throws if namespaces cannot be had, which needs root.
    ///
    /// After `seconds` it ends: whatever `body` waits for ends with it.
    static func with(seconds: Double, _ body: (Lab) async throws -> Void) async throws {
        let lab = try Lab()
        let limit = Task {
            try await Task.sleep(for: .seconds(seconds))
            FileHandle.standardError.write(Data("a lab ends, which was there for \(seconds) s\n".utf8))
            await lab.close()
        }
        defer { limit.cancel() }
        do {
            try await poll(for: "a lab") {
                guard lab.first.isRunning else { throw HarnessError("unshare failed: root is needed") }
                return FileManager.default.fileExists(atPath: lab.path("ready"))
            }
            try await body(lab)
        } catch {
            await lab.close()
            throw error
        }
        await lab.close()
    }

    private init() throws {
        pipe = Pipe()
        let setUp = """
            mount -t tmpfs -o mode=755 tmpfs /run
            mkdir -p /run/netns /run/vsftpd/empty \(Lab.folder)
            { grep -Ev '^(pinhole|ftp):' /etc/passwd; printf '%s\\n' '\(Lab.accounts.joined(separator: "' '"))'; } >/run/passwd
            mount --bind /run/passwd /etc/passwd
            touch \(Lab.folder)/ready
            # Not in the shell's place, which waits for those too who have lost their parent.
            cat
            exit
            """
        first = try Program(
            [
                "unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc", "sh", "-ec",
                setUp,
            ],
            closing: Program.Streams(
                input: pipe.fileHandleForReading,
                output: .nullDevice,
                errors: .standardError
            )
        )
    }

    /// Ends the world and everything in it.
    private func close() async {
        try? pipe.fileHandleForWriting.close()
        _ = await first.end()
    }

    /// The path by which this process reaches a file of the lab.
    func path(_ name: String) -> String { root("\(Lab.folder)/\(name)") }

    /// The path by which this process reaches what programs of the lab reach by this one.
    func root(_ path: String) -> String { "/proc/\(first.identifier)/root\(path)" }

    /// The text of a file of the lab; empty if there is none.
    func read(_ name: String) -> String {
        String(decoding: contents(name) ?? Data(), as: UTF8.self)
    }

    /// The bytes of a file of the lab.
    func contents(_ name: String) -> Data? {
        FileManager.default.contents(atPath: path(name))
    }

    /// The names of the log files there are.
    var logs: [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: path(""))
        return (names ?? []).filter { $0.hasSuffix(".log") }.sorted()
    }

    /// Writes a file of the lab.
    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path(name)))
    }

    /// A file name that was not used before.
    func newName(_ stem: String) -> String {
        "\(stem)-\(serial.add(1, ordering: .relaxed).newValue)"
    }

    /// Runs a program on a host and waits for it, at most `seconds`; `input` is its standard input.
    func run(
        _ words: [String],
        on host: Host? = nil,
        seconds: Double = 60,
        input: String = ""
    ) async throws -> Outcome {
        let name = newName("run")
        let limit = seconds * Double(Gateway.slowness)
        try write(input, to: "\(name).in")
        let program = try Program(
            enter(host) + ["timeout", "--kill-after=1", String(limit)] + words,
            closing: Program.Streams(
                input: try reading("\(name).in"),
                output: try writing("\(name).out"),
                errors: try writing("\(name).err")
            )
        )
        let status = await program.end()
        return Outcome(
            command: words.joined(separator: " "),
            status: status,
            output: read("\(name).out"),
            error: read("\(name).err")
        )
    }

    /// Runs a program that has to succeed, and returns what it wrote to standard output.
    @discardableResult
    func require(
        _ words: [String],
        on host: Host? = nil,
        seconds: Double = 60,
        input: String = ""
    ) async throws -> String {
        let outcome = try await run(words, on: host, seconds: seconds, input: input)
        guard outcome.hasSucceeded else { throw HarnessError(outcome.description) }
        return outcome.output
    }

    /// Starts a program on a host; what it writes goes to `NAME.log`, its process number to `NAME.pid`.
    func start(_ words: [String], as name: String, on host: Host) throws -> Service {
        let pipe = Pipe()
        let log = try writing("\(name).log")
        let program = try Program(
            enter(host) + ["sh", "-c", "echo $$ >\"$0\"; exec \"$@\"", "\(Lab.folder)/\(name).pid"] + words,
            closing: Program.Streams(input: pipe.fileHandleForReading, output: log, errors: log)
        )
        return Service(name: name, lab: self, program: program, input: pipe.fileHandleForWriting)
    }

    /// The words that bring a program into the lab and onto a host.
    private func enter(_ host: Host?) -> [String] {
        let spaces = "/proc/\(first.identifier)/ns"
        let lab = [
            "-C", "/", "HOME=\(Lab.folder)", "LC_ALL=C.UTF-8", "nsenter", "--net=\(spaces)/net",
            "--mount=\(spaces)/mnt", "--pid=\(spaces)/pid_for_children", "--",
        ]
        guard let host else { return lab }
        return lab + ["ip", "netns", "exec", host.rawValue]
    }

    private func reading(_ name: String) throws -> FileHandle {
        try FileHandle(forReadingFrom: URL(filePath: path(name)))
    }

    /// Opens a new file for appending, so that two descriptors on it do not overwrite each other's lines.
    private func writing(_ name: String) throws -> FileHandle {
        guard FileManager.default.createFile(atPath: path(name), contents: nil) else {
            throw HarnessError("cannot write \(name) in the lab")
        }
        return try FileHandle(forWritingTo: URL(filePath: path(name)))
    }
}
