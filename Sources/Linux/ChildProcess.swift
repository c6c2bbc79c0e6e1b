import CLinux
import Glibc

/// Another program, run to its end.
package struct ChildProcess: Sendable {
    /// The exit status; 128 and the signal's number if a signal ended it, as a shell has it.
    package let status: Int32
    /// What it wrote to standard output.
    package let output: String
    /// What it wrote to standard error.
    package let errors: String

    /// Runs `program`, looked up in `PATH`, with `input` as its standard input, and waits until it ends.
    ///
    /// The three streams are files in memory, not pipes: whatever the program reads or writes first, nobody waits
    /// for the other. A program that is not there fails with `ENOENT`. The corresponding C function is `posix_spawnp`.
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

    /// Starts the program with `streams` as its descriptors 0, 1, 2 and so on, and returns its process number.
    ///
    /// It starts with no signal blocked, whatever this thread blocks: else nothing but SIGKILL could end it.
    private static func spawn(
        _ program: String,
        _ arguments: [String],
        streams: [Int32]
    ) throws(SystemError) -> pid_t {
        // Initialised by the first call, destroyed on every way out.
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (target, stream) in streams.enumerated() {
            let code = unsafe posix_spawn_file_actions_adddup2(&actions, stream, Int32(target))
            guard code == 0 else { throw SystemError("run \(program)", code: code) }
        }
        // The same; an empty mask is what the attributes hold at first.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        // Copies of our own, NULL at the end, freed when the program has been started.
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
        // WIFEXITED, WEXITSTATUS and WTERMSIG are macros that Swift does not see.
        let signal = status & 0x7f
        return signal == 0 ? status >> 8 & 0xff : 128 + signal
    }
}
