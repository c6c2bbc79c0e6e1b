import Foundation
import Netfilter
import PinholeDaemon
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
    /// One that is `hasty` says so to whoever connects, and closes the connection at once.
    private func ask(of answer: String, hasty: Bool = false) throws -> (text: String, obstacle: Obstacle?) {
        let listener = try UnixListener.open(path, mode: 0o600)
        let poller = try Poller.open()
        try poller.add(listener.number, for: .reading)
        let client = Client(path)
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
        return (client.text, client.obstacle)
    }

    /// A client on a thread of its own, since it blocks.
    private final class Client: @unchecked Sendable {
        let done = DispatchSemaphore(value: 0)
        private let path: String
        private(set) var text = ""
        private(set) var obstacle: Obstacle?

        init(_ path: String) { self.path = path }

        func run() {
            do throws(Obstacle) {
                try ControlConnection.ask(.flush, at: path) { text += String(decoding: $0, as: UTF8.self) }
            } catch {
                obstacle = error
            }
            done.signal()
        }
    }

    @Test func `an answer is handed over without its first line`() throws {
        let result = try ask(of: "ok\nclosed 3\nand more")
        #expect(result.text == "closed 3\nand more")
        #expect(result.obstacle == nil)
    }

    @Test(arguments: [
        ("error: it failed: mend it\n", Obstacle("it failed", mend: "mend it")),
        ("error: read /proc: it failed: mend it\n", Obstacle("read /proc: it failed", mend: "mend it")),
    ])
    func `an error is thrown, divided at its last colon`(_ answer: String, _ obstacle: Obstacle) throws {
        let result = try ask(of: answer)
        #expect(result.text == "")
        #expect(result.obstacle == obstacle)
    }

    @Test func `what a daemon said before it closed the connection is heard, sent or not`() throws {
        for _ in 0..<200 {
            let result = try ask(of: "error: too many: end some\n", hasty: true)
            #expect(result.obstacle == Obstacle("too many", mend: "end some"))
        }
    }

    @Test func `nothing reaches a terminal raw, neither of an answer nor of an error`() throws {
        let nasty = "\u{1b}]0;x\u{7}\u{9b}31m\r\t\u{7f}é\\x41"
        let shown = #"\x1b]0;x\x07\xc2\x9b31m\r\t\x7f\xc3\xa9\x41"#
        #expect(try ask(of: "ok\n\(nasty)\n\(nasty)").text == "\(shown)\n\(shown)")
        #expect(try ask(of: "error: \(nasty): \(nasty)\n").obstacle == Obstacle(shown, mend: shown))
    }

    @Test func `an answer without an end is cut off`() throws {
        let long = String(repeating: "x", count: 2 << 20)
        let result = try ask(of: "ok\n\(long)")
        #expect(result.text.utf8.count <= 1 << 20)
        #expect(
            result.obstacle
                == Obstacle(
                    "the daemon at \(path) comes to no end with its answer",
                    mend: "look into its log, and who it is"
                )
        )
        #expect(try ask(of: long).obstacle == .senselessAnswer)
    }

    @Test(arguments: ["what\n", "error\n", "ok \n"])
    func `an answer that makes no sense is an error`(_ answer: String) throws {
        #expect(
            try ask(of: answer).obstacle
                == Obstacle(
                    "the daemon gave an answer that makes no sense",
                    mend: "use its own version of pinhole"
                )
        )
    }

    @Test(arguments: ["", "o"])
    func `no answer is an error`(_ answer: String) throws {
        #expect(
            try ask(of: answer).obstacle
                == Obstacle(
                    "the daemon at \(path) does not answer",
                    mend: "look into its log, and whether it is stopped"
                )
        )
    }

    @Test func `nobody there is an error that says how to start it`() throws {
        let expected = Obstacle("no daemon answers at \(path)", mend: "start it with pinhole run")
        #expect(throws: expected) { try ControlConnection.ask(.flush, at: path) { _ in } }
    }
}
