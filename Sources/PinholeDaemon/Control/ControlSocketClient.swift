// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Linux
package import Messages

/// Sends one request to the daemon's control socket and reads the answer.
///
/// The client often is root, and the answer comes from whoever owns the socket: the daemon's user, or an attacker who has become
/// that user. Therefore only printable ASCII and line feeds are passed on, and time and size of an answer are limited.
package enum ControlSocketClient {
    /// Timeouts in nanoseconds: for the first line of the answer, and for the whole of it.
    private static let timeouts: (first: UInt64, all: UInt64) = (5_000_000_000, 20_000_000_000)
    /// Maximum length of the answer's first line, in bytes.
    private static let maximumLineSize = 4096
    /// Bytes per read.
    private static let pieceSize = 65536

    /// Sends `request` to the daemon at `path` and passes its answer on in pieces, as they arrive.
    ///
    /// Returns at the end of the answer, and throws an answer that is an error. The pieces are printable ASCII and line feeds,
    /// whatever the daemon sent.
    ///
    /// A daemon that does not begin to answer within `timeout` nanoseconds does what it was asked for later.
    package static func ask(
        _ request: ControlRequest,
        at path: String,
        within timeout: UInt64 = timeouts.first,
        _ receive: (ArraySlice<UInt8>) throws(UserError) -> Void
    ) throws(UserError) {
        let stream = try connect(to: path)
        var answer = try begin(request, on: stream, at: path, within: timeout)
        var count = 0
        var rest = timeouts.all
        while true {
            count += answer.count
            guard count <= request.maximumAnswerSize else { throw endless(path) }
            if !answer.isEmpty { try receive(Escaping.harmlessLines(answer[...])) }
            answer.removeAll(keepingCapacity: true)
            switch try read(request, from: stream, into: &answer, waiting: &rest) {
            case .bytes: break
            case .nothingYet: throw endless(path)
            case .end: return
            }
        }
    }

    /// Sends a request for events to the daemon at `path`, and again to each daemon that comes after it, for ever.
    ///
    /// The first daemon has to be there.
    ///
    /// - Parameters:
    ///   - format: how the daemon writes events.
    ///   - path: the control socket.
    ///   - lost: called when a daemon has gone.
    ///   - restarted: called when the next one has taken its place.
    ///   - receive: called with pieces of printable ASCII and line feeds.
    /// - Throws: The error of the first attempt, and the errors of the closures.
    package static func follow(
        _ format: EventFormat,
        at path: String,
        lost: () throws(UserError) -> Void,
        restarted: () throws(UserError) -> Void,
        receive: (ArraySlice<UInt8>) throws(UserError) -> Void
    ) throws(UserError) -> Never {
        let request = ControlRequest.events(format)
        var conversation = try Conversation(request, at: path)
        while true {
            try conversation.finish(request, receive)
            try lost()
            conversation = next(request, at: path)
            try restarted()
        }
    }

    /// Sends a request for events to the daemon at `path`, until `mayGoOn` says no or the daemon ends.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - path: the control socket.
    ///   - mayGoOn: asked several times a second.
    ///   - receive: called with pieces of printable ASCII and line feeds.
    /// - Returns: whether the daemon has ended.
    /// - Throws: The daemon's refusal, and the errors of `receive`.
    package static func watch(
        _ request: ControlRequest,
        at path: String,
        while mayGoOn: () -> Bool,
        receive: (ArraySlice<UInt8>) throws(UserError) -> Void
    ) throws(UserError) -> Bool {
        let stream = try connect(to: path)
        var answer = try begin(request, on: stream, at: path, within: timeouts.first)
        while mayGoOn() {
            if !answer.isEmpty { try receive(Escaping.harmlessLines(answer[...])) }
            answer.removeAll(keepingCapacity: true)
            var rest = watchNanoseconds
            let reading: SocketStream.Reading
            do throws(SystemError) {
                reading = try stream.read(into: &answer, limit: pieceSize, waiting: &rest)
            } catch {
                throw broken(error)
            }
            if reading == .end { return true }
        }
        return false
    }

    /// How long to wait for events at a time.
    private static let watchNanoseconds: UInt64 = 200_000_000

    /// Waits for a daemon that takes the request.
    private static func next(_ request: ControlRequest, at path: String) -> Conversation {
        while true {
            if let conversation = try? Conversation(request, at: path) { return conversation }
            usleep(retryMicroseconds)
        }
    }

    /// A request that the daemon has taken, and the part of its answer that has been read.
    private struct Conversation: ~Copyable {
        private let stream: SocketStream
        private var answer: [UInt8]

        init(_ request: ControlRequest, at path: String) throws(UserError) {
            let stream = try connect(to: path)
            answer = try begin(request, on: stream, at: path, within: timeouts.first)
            self.stream = stream
        }

        /// Passes the answer on until the daemon is gone.
        mutating func finish(
            _ request: ControlRequest,
            _ receive: (ArraySlice<UInt8>) throws(UserError) -> Void
        ) throws(UserError) {
            var rest: UInt64 = 0
            repeat {
                if !answer.isEmpty { try receive(Escaping.harmlessLines(answer[...])) }
                answer.removeAll(keepingCapacity: true)
            } while (try? read(request, from: stream, into: &answer, waiting: &rest)).map { $0 != .end }
                ?? false
        }
    }

    /// Microseconds between two attempts to reach the next daemon.
    private static let retryMicroseconds: UInt32 = 100_000

    private static func connect(to path: String) throws(UserError) -> SocketStream {
        do throws(SystemError) {
            return try SocketStream.connect(to: path)
        } catch {
            throw userError(error, at: path)
        }
    }

    /// Sends the request, reads the first line of the answer, and returns the bytes that came after it.
    private static func begin(
        _ request: ControlRequest,
        on stream: borrowing SocketStream,
        at path: String,
        within timeout: UInt64
    ) throws(UserError) -> [UInt8] {
        var answer: [UInt8] = []
        var failure: SystemError?
        do throws(SystemError) {
            try stream.send("\(request.line)\n")
        } catch {
            // A daemon without room for another client says so and closes the connection: its message can still be read.
            failure = error
        }
        // The socket of a stopped daemon (SIGSTOP) still accepts connections.
        var rest = timeout
        do throws(SystemError) {
            while !answer.contains(UInt8(ascii: "\n")), answer.count < maximumLineSize,
                case .bytes = try stream.read(into: &answer, limit: maximumLineSize, waiting: &rest)
            {}
            try stream.waitForEver()
        } catch {
            failure = failure ?? error
        }
        if let end = answer.firstIndex(of: UInt8(ascii: "\n")) {
            try check(String(decoding: answer[..<end], as: UTF8.self))
            answer.removeSubrange(...end)
        } else if answer.count >= maximumLineSize {
            throw UserError.invalidAnswer
        } else if failure == nil {
            throw silent(path)
        }
        if let failure { throw broken(failure) }
        return answer
    }

    private static func read(
        _ request: ControlRequest,
        from stream: borrowing SocketStream,
        into answer: inout [UInt8],
        waiting rest: inout UInt64
    ) throws(UserError) -> SocketStream.Reading {
        do throws(SystemError) {
            // The next event may take any time.
            return request.isWatch
                ? try stream.read(into: &answer, limit: pieceSize)
                : try stream.read(into: &answer, limit: pieceSize, waiting: &rest)
        } catch {
            throw broken(error)
        }
    }

    private static func broken(_ error: SystemError) -> UserError {
        UserError(error.description, hint: "see the log of the daemon")
    }

    private static func silent(_ path: String) -> UserError {
        UserError(
            "the daemon at \(path) does not answer",
            hint: "see its log, and check whether it is stopped"
        )
    }

    private static func endless(_ path: String) -> UserError {
        UserError(
            "the daemon at \(path) sends an endless answer",
            hint: "see its log, and check which process listens there"
        )
    }

    /// Throws the error in an answer's first line, unless that is `ok`.
    package static func check(_ line: String) throws(UserError) {
        if line == "ok" { return }
        let prefix = "error: "
        let words = line.dropFirst(prefix.count)
        guard line.hasPrefix(prefix), let colon = words.lastIndex(of: ":") else {
            throw UserError.invalidAnswer
        }
        let hint = words[words.index(after: colon)...].drop { $0 == " " }
        throw UserError(Escaping.harmless(String(words[..<colon])), hint: Escaping.harmless(String(hint)))
    }

    /// How to ask the daemons of other network namespaces.
    private static func others(than path: String) -> [String] {
        ServiceInstance.all.filter { $0.socketPath != path }.map {
            "ask that of \($0.place) with --socket \($0.socketPath)"
        }
    }

    private static func userError(_ error: SystemError, at path: String) -> UserError {
        switch error.code {
        case ENOENT, ECONNREFUSED:
            UserError(
                "no daemon answers at \(path)",
                hint: (["start it with \(StartAdvice.command)"] + others(than: path))
                    .joined(separator: ", or ")
            )
        case EAGAIN: silent(path)
        case EACCES, EPERM: UserError("the daemon at \(path) is for root and its own group", hint: "use sudo")
        default: UserError(error.description, hint: "give the daemon's path with --socket")
        }
    }
}
