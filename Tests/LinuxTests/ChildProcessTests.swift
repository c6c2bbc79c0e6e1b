// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Linux
import Testing

struct ChildProcessTests {
    @Test func `both outputs and the status are returned separately`() throws {
        let child = try ChildProcess.run("sh", ["-c", "echo out; echo err >&2; exit 3"])
        #expect(child.output == "out\n")
        #expect(child.errors == "err\n")
        #expect(child.status == 3)
    }

    @Test func `input and output larger than a pipe pass`() throws {
        let text = String(repeating: "0123456789abcde\n", count: 1 << 16)
        let child = try ChildProcess.run("sh", ["-c", "tee /dev/stderr"], input: text)
        #expect(child.output == text)
        #expect(child.errors == text)
    }

    @Test func `without input the child reads an empty file`() throws {
        #expect(try ChildProcess.run("cat").output == "")
    }

    @Test func `arguments are passed unchanged`() throws {
        let child = try ChildProcess.run("printf", ["[%s]", "a b", "", "$HOME", "ä"])
        #expect(child.output == "[a b][][$HOME][ä]")
    }

    @Test func `a missing program is ENOENT`() {
        #expect(throws: SystemError("run no-such-program", code: ENOENT)) {
            try ChildProcess.run("no-such-program")
        }
    }

    @Test func `a fatal signal gives the same status as in a shell`() throws {
        #expect(try ChildProcess.run("sh", ["-c", "kill -TERM $$"]).status == 128 + SIGTERM)
    }

    @Test func `the child inherits only its three streams`() throws {
        let child = try ChildProcess.run("sh", ["-c", "readlink /proc/$$/fd/* | grep -c memfd"])
        #expect(child.output == "3\n")
    }

    @Test func `a run leaves no descriptor behind`() async {
        // In a process of its own, where no other test opens descriptors.
        await #expect(processExitsWith: .success) {
            let count = ["-c", "ls /proc/$PPID/fd | wc -l"]
            // The testing library may have closed some of its own by then.
            let before = Int(try ChildProcess.run("sh", count).output.dropLast()) ?? 0
            for _ in 0..<20 { _ = try ChildProcess.run("true") }
            let after = Int(try ChildProcess.run("sh", count).output.dropLast()) ?? .max
            try #require(after <= before)
        }
    }
}
