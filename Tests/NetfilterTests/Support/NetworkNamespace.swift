// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Linux
import Netfilter

/// A network namespace for one test, removed after it.
///
/// A socket belongs to the namespace in which it was opened, so only opening it has to happen inside.
final class NetworkNamespace {
    /// Keeps the namespace alive.
    private let descriptor: Int32

    /// Creates a namespace with its loopback interface up; needs root.
    init() throws {
        descriptor = try NetworkNamespace.inside {
            try check("make a network namespace", NetworkNamespace.unshare(cloneNewNetwork))
            return try check("open a network namespace", unsafe open(currentPath, O_RDONLY | O_CLOEXEC))
        }
        try run("ip link set lo up")
    }

    deinit { close(descriptor) }

    /// The path of the namespace, for `ip link set ... netns`.
    var path: String { "/proc/\(getpid())/fd/\(descriptor)" }

    /// Runs `body` in the namespace, on this thread.
    func enter<Value: ~Copyable>(_ body: () throws -> Value) throws -> Value {
        try NetworkNamespace.inside {
            try check("enter a network namespace", NetworkNamespace.setns(descriptor, cloneNewNetwork))
            return try body()
        }
    }

    /// Runs a command, with words separated by blanks, in the namespace; throws unless its status is 0.
    @discardableResult
    func run(_ command: String, input: String = "") throws -> String {
        let words = command.split(separator: " ").map(String.init)
        let process = try enter { try ChildProcess.run(words[0], Array(words.dropFirst()), input: input) }
        guard process.status == 0 else {
            throw SystemError("run \(command): \(process.errors)", code: process.status)
        }
        return process.output
    }

    /// Runs `body`, which may change the thread's namespace, and then restores the namespace.
    private static func inside<Value: ~Copyable>(_ body: () throws -> Value) throws -> Value {
        let home = try check("open a network namespace", unsafe open(currentPath, O_RDONLY | O_CLOEXEC))
        defer {
            precondition(setns(home, cloneNewNetwork) == 0, "lost in a network namespace")
            close(home)
        }
        return try body()
    }

    // unshare(2) and setns(2), which Swift's Glibc module does not declare.
    private static func unshare(_ flags: Int32) -> Int32 { call("unshare", (flags, 0)) }
    private static func setns(_ descriptor: Int32, _ kind: Int32) -> Int32 {
        call("setns", (descriptor, kind))
    }

    private static func call(_ name: String, _ arguments: (Int32, Int32)) -> Int32 {
        typealias Function = @convention(c) (Int32, Int32) -> Int32
        // Sound: the functions take one or two ints and return an int. A superfluous second argument is ignored.
        guard let symbol = unsafe dlsym(nil, name) else { return -1 }
        return unsafe unsafeBitCast(symbol, to: Function.self)(arguments.0, arguments.1)
    }
}

private let cloneNewNetwork: Int32 = 0x4000_0000
private let currentPath = "/proc/thread-self/ns/net"

/// Returns the result of a system call, or throws an error if it is -1.
@discardableResult
func check(_ operation: String, _ result: Int32) throws -> Int32 {
    guard result != -1 else { throw SystemError(operation, code: errno) }
    return result
}

/// `SOCK_CLOEXEC | SOCK_NONBLOCK`, which have the same values as the flags of open(2).
///
/// Without `SOCK_CLOEXEC`, a program started by one test would keep the sockets of other tests open.
let socketFlags = O_CLOEXEC | O_NONBLOCK
