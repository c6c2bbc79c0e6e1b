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
    private func ask(of answer: String) throws -> (text: String, obstacle: Obstacle?) {
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
            reader.wait(milliseconds: 10_000) { _ in }
            var request: [UInt8] = []
            _ = try stream.read(into: &request, limit: 100)
            #expect(request == Array("flush\n".utf8))
            _ = try stream.write(Array(answer.utf8)[...])
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
