// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import Foundation
import Linux
import Messages
import PinholeDaemon
import TestFiles
import Testing

@Suite struct ControlConnectionTests {
    private let directory: TemporaryDirectory
    private let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = "\(directory.path)/control"
    }

    /// Asks a daemon that says `answer` to whatever it is asked, and returns what came of it.
    ///
    /// A `hasty` one sends its answer as soon as a client connects, and closes the connection.
    private func ask(
        of answer: String,
        hasty: Bool = false,
        as asking: @escaping Client.Asking = Client.flushing
    ) throws -> (text: String, userError: UserError?) {
        let listener = try UnixListener.open(path, mode: 0o600)
        let poller = try Poller.open()
        try poller.add(listener.number, for: .reading)
        let client = Client(path, asking)
        let thread = Thread { client.run() }
        thread.start()
        poller.wait(milliseconds: 10_000) { _ in }
        do {
            guard let stream = try listener.accept() else {
                Issue.record("nobody connected")
                return ("", nil)
            }
            let reader = try Poller.open()
            try reader.add(stream.number, for: .reading)
            if !hasty {
                reader.wait(milliseconds: 10_000) { _ in }
                var request: [UInt8] = []
                _ = try stream.read(into: &request, limit: 100)
                #expect(request == Array("flush\n".utf8))
            }
            try reader.change(stream.number, to: .writing)
            var rest = Array(answer.utf8)[...]
            // Until the client has heard enough.
            while !rest.isEmpty, let count = try? stream.write(rest) {
                rest = rest.dropFirst(count)
                reader.wait(milliseconds: 10_000) { _ in }
            }
        }
        client.done.wait()
        return (client.text, client.userError)
    }

    /// A client on a thread of its own, since it blocks.
    private final class Client: @unchecked Sendable {
        let done = DispatchSemaphore(value: 0)
        private let path: String
        private let asking: Asking
        private(set) var text = ""
        private(set) var userError: UserError?

        /// Asks the daemon at a path, and passes on what it hears.
        typealias Asking = @Sendable (_ path: String, (String) -> Void) throws(UserError) -> Void

        static let flushing: Asking = { (path, hear) throws(UserError) in
            try ControlSocketClient.ask(.flush, at: path) { hear(String(decoding: $0, as: UTF8.self)) }
        }

        init(_ path: String, _ asking: @escaping Asking) {
            self.path = path
            self.asking = asking
        }

        func run() {
            do throws(UserError) {
                try asking(path) { text += $0 }
            } catch {
                userError = error
            }
            done.signal()
        }
    }

    @Test func `an answer is returned without its first line`() throws {
        let result = try ask(of: "ok\nclosed 3\nand more")
        #expect(result.text == "closed 3\nand more")
        #expect(result.userError == nil)
    }

    @Test(arguments: [
        ("error: it failed: hint it\n", UserError("it failed", hint: "hint it")),
        ("error: read /proc: it failed: hint it\n", UserError("read /proc: it failed", hint: "hint it")),
    ])
    func `an error is thrown, split at its last colon`(_ answer: String, _ userError: UserError) throws {
        let result = try ask(of: answer)
        #expect(result.text == "")
        #expect(result.userError == userError)
    }

    @Test
    func `an error that the daemon sends before it closes is received even if the request could not be sent`()
        throws
    {
        for _ in 0..<200 {
            let result = try ask(of: "error: too many: end some\n", hasty: true)
            #expect(result.userError == UserError("too many", hint: "end some"))
        }
    }

    @Test func `answers and errors reach the terminal escaped`() throws {
        let nasty = "\u{1b}]0;x\u{7}\u{9b}31m\r\t\u{7f}é\\x41"
        let shown = #"\x1b]0;x\x07\xc2\x9b31m\r\t\x7f\xc3\xa9\x41"#
        #expect(try ask(of: "ok\n\(nasty)\n\(nasty)").text == "\(shown)\n\(shown)")
        #expect(try ask(of: "error: \(nasty): \(nasty)\n").userError == UserError(shown, hint: shown))
    }

    @Test func `an endless answer is cut off`() throws {
        let long = String(repeating: "x", count: 2 << 20)
        let result = try ask(of: "ok\n\(long)")
        #expect(result.text.utf8.count <= 1 << 20)
        #expect(
            result.userError
                == UserError(
                    "the daemon at \(path) sends an endless answer",
                    hint: "see its log, and check which process listens there"
                )
        )
        #expect(try ask(of: long).userError == .invalidAnswer)
    }

    @Test(arguments: ["what\n", "error\n", "ok \n"])
    func `an invalid answer is an error`(_ answer: String) throws {
        #expect(
            try ask(of: answer).userError
                == UserError(
                    "the daemon sent an invalid answer",
                    hint: "use its own version of pinhole"
                )
        )
    }

    @Test(arguments: ["", "o"])
    func `no answer is an error`(_ answer: String) throws {
        #expect(
            try ask(of: answer).userError
                == UserError(
                    "the daemon at \(path) does not answer",
                    hint: "see its log, and check whether it is stopped"
                )
        )
    }

    /// Asks for JSON that has at most nine bytes, and at most three values.
    private func json(_ answer: String) throws -> (text: String, userError: UserError?) {
        try ask(of: "ok\n\(answer)") { (path, hear) throws(UserError) in
            hear(try ControlSocketClient.answer(.flush, at: path, limits: (9, 3)).text)
        }
    }

    @Test(arguments: ["[123,456]", "[1,[2]]", #"{"a":[]}"#, "17"])
    func `an answer in JSON is read up to its limits`(answer: String) throws {
        let result = try json(answer)
        #expect(result.text == answer && result.userError == nil)
    }

    @Test(arguments: ["[123,4567]", "[1,2,3,4]", "[[],[[]]]", "[[[[", #"{"a":[1,"#])
    func `a JSON answer beyond the limits is refused`(answer: String) throws {
        #expect(
            try json(answer).userError
                == UserError(
                    "the answer of the daemon is too large",
                    hint: "check which process listens at the control socket"
                )
        )
    }

    @Test(arguments: ["", "{", "closed 3"])
    func `an answer that is not JSON is an error`(answer: String) throws {
        #expect(try json(answer).userError == .invalidAnswer)
    }

    /// What a watcher receives, if it may watch.
    private func watch(_ answer: String, mayGoOn: Bool = true) throws -> (text: String, userError: UserError?)
    {
        try ask(of: answer) { (path, hear) throws(UserError) in
            let isOver = try ControlSocketClient.watch(.flush, at: path, while: { mayGoOn }) {
                hear(String(decoding: $0, as: UTF8.self))
            }
            hear(isOver ? "it is over" : "it goes on")
        }
    }

    @Test func `a watcher gets every line until the daemon ends or the watcher stops`() throws {
        #expect(try watch("ok\none\ntwo\n").text == "one\ntwo\nit is over")
        #expect(try watch("ok\none\ntwo\n", mayGoOn: false).text == "it goes on")
        #expect(try watch("error: no: why\n").userError == UserError("no", hint: "why"))
        #expect(try watch("ok\n\u{1b}\n").text == "\\x1b\nit is over")
    }

    @Test func `the error about a missing daemon says how to start it`() throws {
        let expected = UserError("no daemon answers at \(path)", hint: "start it with pinholed")
        #expect(throws: expected) { try ControlSocketClient.ask(.flush, at: path) { _ in } }
    }
}
