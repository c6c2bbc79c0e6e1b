// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import FTPHelper
import Glibc
import HTTP
import Linux
import Messages
import PinholeDaemon
import Synchronization

/// `pinhole exporter`.
enum ExporterCommand: Subcommand {
    static let name = "exporter"
    static let summary = "serve the metrics of the daemon to Prometheus"
    static let options: [Option] = [listen, .socket]

    /// The default port, on 127.0.0.1.
    static let usualPort: UInt16 = 9421
    static let usualPlace = "127.0.0.1:\(usualPort)"

    private static let listen = Option("listen", "ADDRESS:PORT", "address to listen on (\(usualPlace))")

    /// The last answer of the daemon.
    private static let last = Mutex<Metrics?>(nil)

    static func run(_ arguments: Arguments) throws(UserError) {
        let (address, port) = try endpoint(arguments.value(of: listen) ?? usualPlace)
        let socket = arguments.socketPath
        let peerState = arguments.peerStatePath
        SignalDescriptor.ignoreBrokenPipes()
        do throws(SystemError) {
            try HTTPServer.serve(address, port: port) { answer(to: $0, socket, peerState) }
        } catch {
            throw UserError(error.description, hint: "choose another address or port with --listen")
        }
        while true { pause() }
    }

    /// The answer to a scraper: whether the daemon is up, and its metrics.
    private static func answer(to path: String, _ socket: String, _ peerState: String) -> HTTPServer.Answer {
        guard path == "/metrics" else {
            let isRoot = path == "/"
            return HTTPServer.Answer(status: isRoot ? 200 : 404, "see /metrics\n")
        }
        let text = last.withLock { last in
            if let last, last.end > Clock.now() { return last.text }
            let text = metrics(socket, peerState)
            last = Metrics(text: text, end: Clock.now().advanced(bySeconds: lifetime))
            return text
        }
        return HTTPServer.Answer(status: 200, isMetrics: true, text)
    }

    /// Metrics, and when they expire.
    private struct Metrics: Sendable {
        let text: String
        let end: Instant
    }

    /// Seconds for which an answer is cached: any number of scrapers cause one request, and they wait once for a daemon that
    /// does not answer.
    private static let lifetime: UInt32 = 1

    private static func metrics(_ socket: String, _ peerState: String) -> String {
        var metrics = ""
        var isUp: UInt8 = 1
        do {
            try ControlSocketClient.ask(.metrics, at: socket) {
                metrics += String(decoding: $0, as: UTF8.self)
            }
        } catch {
            metrics = ""
            isUp = 0
        }
        return "# HELP pinhole_up Whether the daemon answers.\n# TYPE pinhole_up gauge\npinhole_up \(isUp)\n"
            + metrics + (PeerStatus.read(besides: peerState)?.metrics(at: Clock.now()) ?? "")
    }

    /// Reads `ADDRESS:PORT`, with an IPv6 address in brackets.
    private static func endpoint(_ text: String) throws(UserError) -> (address: String, port: UInt16) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            port > 0
        else { throw usage("--listen: '\(text)' is not ADDRESS:PORT") }
        var address = String(text[..<colon])
        if address.hasPrefix("["), address.hasSuffix("]") { address = String(address.dropFirst().dropLast()) }
        guard IPAddress(parsing: Array(address.utf8).span) != nil else {
            throw usage("--listen: '\(address)' is not an address")
        }
        return (address, port)
    }
}
