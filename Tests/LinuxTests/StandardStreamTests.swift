// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Testing

@testable import Linux

/// The standard streams, each in a process of its own: they belong to all tests.
@Suite struct StandardStreamTests {
    /// Puts a new pair of sockets, or a pipe, in the place of a standard stream; returns its other end.
    private static func replace(_ stream: Int32, byPipe isPipe: Bool = false, isFull: Bool = false) throws
        -> Int32
    {
        var ends: [Int32] = [-1, -1]
        if isPipe {
            try #require(unsafe pipe(&ends) == 0)
        } else {
            try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        }
        if isFull {
            try #require(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0)
            let bytes = [UInt8](repeating: 0, count: 4096)
            while unsafe write(ends[1], bytes, bytes.count) > 0 {}
            // Bytes that were too many together may fit one at a time.
            while unsafe write(ends[1], bytes, 1) > 0 {}
            try #require(fcntl(ends[1], F_SETFL, 0) == 0)
        }
        try #require(dup2(ends[1], stream) == stream)
        close(ends[1])
        try #require(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
        return ends[0]
    }

    /// The bytes received at the other end.
    private static func received(_ number: Int32) -> [UInt8] {
        var all: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 65536)
        while case let count = unsafe read(number, &bytes, bytes.count), count > 0 { all += bytes[..<count] }
        return all
    }

    @Test func `text written to standard error arrives once`() async {
        await #expect(processExitsWith: .success) {
            for isPipe in [false, true] {
                let end = try Self.replace(STDERR_FILENO, byPipe: isPipe)
                StandardError.write("")
                StandardError.write("text\n")
                let isTaken = StandardError.offer("more\n")
                try #require(isTaken)
                try #require(Self.received(end) == Array("text\nmore\n".utf8))
            }
        }
    }

    @Test func `a write that would block is skipped, and a long text is cut at the end of a line`() async {
        await #expect(processExitsWith: .success) {
            for isPipe in [false, true] {
                let full = try Self.replace(STDERR_FILENO, byPipe: isPipe, isFull: true)
                try #require(!StandardError.offer("text\n"))
                close(full)
                let end = try Self.replace(STDERR_FILENO, byPipe: isPipe)
                for count in [4095, 4096, 5000] {
                    try #require(StandardError.offer(String(repeating: "x", count: count)))
                    let found = Self.received(end)
                    try #require(found.count == min(count, 4096))
                    try #require(found.last == (count < 4096 ? 120 : 10))
                    try #require(found.dropLast().allSatisfy { $0 == 120 })
                }
            }
        }
    }

    @Test func `writing to a closed standard error has no effect`() async {
        await #expect(processExitsWith: .success) {
            SignalDescriptor.ignoreBrokenPipes()
            for isPipe in [false, true] {
                close(try Self.replace(STDERR_FILENO, byPipe: isPipe))
                StandardError.write("text\n")
                try #require(!StandardError.offer("text\n"))
            }
            close(STDERR_FILENO)
            StandardError.write("text\n")
            try #require(!StandardError.offer("text\n"))
        }
    }

    @Test func `only the stream named by the service manager is the journal`() async {
        await #expect(processExitsWith: .success) {
            try #require(!StandardError.isJournal)
            _ = try Self.replace(STDERR_FILENO)
            let identity = try #require(FileIdentity(of: STDERR_FILENO))
            let (device, inode) = (identity.device, identity.inode)
            for (value, isJournal) in [
                ("\(device):\(inode)", true), ("\(device):\(inode + 1)", false),
                ("\(device + 1):\(inode)", false),
                ("\(device)", false), ("\(device):\(inode):1", false), ("", false), ("x:y", false),
            ] {
                unsafe setenv("JOURNAL_STREAM", value, 1)
                try #require(StandardError.isJournal == isJournal)
            }
        }
    }

    @Test func `text written to standard output arrives, and a closed reader is an error`() async {
        await #expect(processExitsWith: .success) {
            let end = try Self.replace(STDOUT_FILENO)
            try #require(!StandardOutput.isTerminal && StandardOutput.columns == 80)
            try StandardOutput.write("")
            try StandardOutput.write("text\n")
            try StandardOutput.write([1, 2][...])
            try #require(Self.received(end) == Array("text\n".utf8) + [1, 2])
            SignalDescriptor.ignoreBrokenPipes()
            close(end)
            let error = #expect(throws: SystemError.self) { try StandardOutput.write("text") }
            try #require(error?.code == EPIPE)
        }
    }

    @Test func `closed standard streams are filled, and open ones stay`() async {
        await #expect(processExitsWith: .success) {
            let end = try Self.replace(STDOUT_FILENO)
            close(STDIN_FILENO)
            close(STDERR_FILENO)
            try Descriptor.occupyStandardStreams()
            let null = FileIdentity(ofFileAt: "/dev/null")
            try #require(FileIdentity(of: STDIN_FILENO) == null && FileIdentity(of: STDERR_FILENO) == null)
            try StandardOutput.write("text")
            try #require(Self.received(end) == Array("text".utf8))
            let next = unsafe open("/dev/null", O_RDONLY)
            close(next)
            try Descriptor.occupyStandardStreams()
            // Nothing more is left open.
            try #require(unsafe open("/dev/null", O_RDONLY) == next)
        }
    }
}
