// SPDX-License-Identifier: GPL-2.0-or-later
import CLinux
import Glibc

/// The result of a program that was run to its end.
package struct ChildProcess: Sendable {
    /// The exit status; if a signal ended the program, 128 plus the signal's number, as in a shell.
    package let status: Int32
    /// The text written to standard output.
    package let output: String
    /// The text written to standard error.
    package let errors: String

    /// Runs `program`, looked up in `PATH`, with `input` as its standard input, and waits until it ends.
    ///
    /// The three streams are files in memory and not pipes, so neither side can block on the other. The corresponding C
    /// function is `posix_spawnp`.
    ///
    /// - Parameters:
    ///   - program: The name or path of the program.
    ///   - arguments: The arguments after the program's name.
    ///   - input: The text on its standard input.
    /// - Returns: The result.
    /// - Throws: `ENOENT` if there is no such program.
    package static func run(
        _ program: String,
        _ arguments: [String] = [],
        input: String = ""
    ) throws(SystemError) -> ChildProcess {
        let input = try MemoryFile.open(holding: input)
        let output = try MemoryFile.open()
        let errors = try MemoryFile.open()
        let status = try wait(
            for: spawn(
                program,
                arguments,
                streams: [input.fileDescriptor, output.fileDescriptor, errors.fileDescriptor]
            ),
            program
        )
        return ChildProcess(status: status, output: try output.contents(), errors: try errors.contents())
    }

    /// Starts the program with `streams` as its descriptors 0, 1, 2 and so on, and returns its process id.
    ///
    /// The program starts with no signal blocked. It would otherwise inherit this thread's mask, and could then be ended by
    /// SIGKILL only.
    private static func spawn(
        _ program: String,
        _ arguments: [String],
        streams: [Int32]
    ) throws(SystemError) -> pid_t {
        // Sound: initialized by the first call and destroyed when the function returns.
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (target, stream) in streams.enumerated() {
            let code = unsafe posix_spawn_file_actions_adddup2(&actions, stream, Int32(target))
            guard code == 0 else { throw SystemError("run \(program)", code: code) }
        }
        // Sound for the same reason. The attributes' signal mask is empty at first.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        // Sound: copies, with NULL at the end, that are freed after the call.
        let argv = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe argv.forEach { unsafe free($0) } }
        var process: pid_t = 0
        let code = unsafe posix_spawnp(&process, program, &actions, &attributes, argv, clinux_environment())
        guard code == 0 else { throw SystemError("run \(program)", code: code) }
        return process
    }

    private static func wait(for process: pid_t, _ program: String) throws(SystemError) -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) != process {
            guard errno == EINTR else { throw SystemError("wait for \(program)", code: errno) }
        }
        // WTERMSIG and WEXITSTATUS, which are macros that Swift does not import.
        let signal = status & 0x7f
        return signal == 0 ? status >> 8 & 0xff : 128 + signal
    }
}
