// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Synchronization

/// A program that was started, and is ended at the latest with its lab.
final class Program: Sendable {
    private let process = Process()
    private let ending: Task<Int32, Never>

    /// One start at a time: descriptors that another start has just opened would be inherited.
    private static let starting = Mutex<Void>(())

    /// What a program reads and writes.
    struct Streams {
        let input: FileHandle
        let output: FileHandle
        let errors: FileHandle
    }

    /// Starts a program, found along PATH, and closes this process's side of its streams, but for standard error.
    ///
    /// They would stay open until `Process` lets go of them, which may be never, and from descriptor 1024 on
    /// Foundation no longer notices that a process has ended.
    init(_ words: [String], closing streams: Streams) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        // The threads of the concurrency pool block signals, and what they start inherits that.
        process.arguments = ["--default-signal"] + words
        process.standardInput = streams.input
        process.standardOutput = streams.output
        process.standardError = streams.errors
        let (statuses, continuation) = AsyncStream<Int32>.makeStream()
        process.terminationHandler = { ended in
            let isSignal = ended.terminationReason == .uncaughtSignal
            continuation.yield(isSignal ? 128 + ended.terminationStatus : ended.terminationStatus)
            continuation.finish()
        }
        ending = Task {
            for await status in statuses { return status }
            return -1
        }
        try Program.starting.withLock { _ in try process.run() }
        for stream in [streams.input, streams.output, streams.errors]
        where stream !== FileHandle.standardError {
            try? stream.close()
        }
    }

    /// Tells whether it has not ended yet.
    var isRunning: Bool { process.isRunning }

    /// Process number, as this process sees it.
    var identifier: Int32 { process.processIdentifier }

    /// Lets it go on after it was stopped.
    func resume() { kill(identifier, SIGCONT) }

    /// Waits for its end and returns its exit status, or 128 + N after signal N.
    func end() async -> Int32 { await ending.value }
}
