import Glibc
import Linux
import Netfilter

/// A network namespace of the test's own, which goes when the test is over.
///
/// A socket stays in the namespace in which it was opened, so only the opening has to happen inside.
final class NetworkNamespace {
    /// Keeps the namespace; what is moved into it is moved to this descriptor's path.
    private let descriptor: Int32

    /// Makes a namespace with its loopback up; needs root, and fails without.
    init() throws {
        descriptor = try NetworkNamespace.inside {
            try check("make a network namespace", NetworkNamespace.unshare(cloneNewNetwork))
            return try check("open a network namespace", unsafe open(currentPath, O_RDONLY | O_CLOEXEC))
        }
        try run("ip link set lo up")
    }

    deinit { close(descriptor) }

    /// Where `ip link set ... netns` finds it.
    var path: String { "/proc/\(getpid())/fd/\(descriptor)" }

    /// Does `body` in the namespace, on this thread, and comes back.
    func enter<Value: ~Copyable>(_ body: () throws -> Value) throws -> Value {
        try NetworkNamespace.inside {
            try check("enter a network namespace", NetworkNamespace.setns(descriptor, cloneNewNetwork))
            return try body()
        }
    }

    /// Runs a command in the namespace, its words divided by blanks; fails unless that ends with 0.
    @discardableResult
    func run(_ command: String, input: String = "") throws -> String {
        let words = command.split(separator: " ").map(String.init)
        let process = try enter { try ChildProcess.run(words[0], Array(words.dropFirst()), input: input) }
        guard process.status == 0 else {
            throw SystemError("run \(command): \(process.errors)", code: process.status)
        }
        return process.output
    }

    /// Does `body`, which may change the thread's namespace, and changes back.
    private static func inside<Value: ~Copyable>(_ body: () throws -> Value) throws -> Value {
        let home = try check("open a network namespace", unsafe open(currentPath, O_RDONLY | O_CLOEXEC))
        defer {
            precondition(setns(home, cloneNewNetwork) == 0, "lost in a network namespace")
            close(home)
        }
        return try body()
    }

    // unshare(2) and setns(2), which Glibc's module does not show.
    private static func unshare(_ flags: Int32) -> Int32 { call("unshare", (flags, 0)) }
    private static func setns(_ descriptor: Int32, _ kind: Int32) -> Int32 {
        call("setns", (descriptor, kind))
    }

    private static func call(_ name: String, _ arguments: (Int32, Int32)) -> Int32 {
        typealias Function = @convention(c) (Int32, Int32) -> Int32
        // Sound: both take one or two ints and return one; a second one is not looked at by a function of one.
        guard let symbol = unsafe dlsym(nil, name) else { return -1 }
        return unsafe unsafeBitCast(symbol, to: Function.self)(arguments.0, arguments.1)
    }
}

private let cloneNewNetwork: Int32 = 0x4000_0000
private let currentPath = "/proc/thread-self/ns/net"

/// The result of a system call, unless it is -1.
@discardableResult
func check(_ operation: String, _ result: Int32) throws -> Int32 {
    guard result != -1 else { throw SystemError(operation, code: errno) }
    return result
}

/// `SOCK_CLOEXEC | SOCK_NONBLOCK`, which have the values of the flags of open(2).
///
/// A program that a test starts would else keep the sockets of the tests beside it.
let socketFlags = O_CLOEXEC | O_NONBLOCK
