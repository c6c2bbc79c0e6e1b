// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import Linux
import Messages
import PinholeDaemon

/// The latest refusals since it began to read the daemon's events.
struct RefusalWatch: ~Copyable {
    /// The number of refusals that are kept.
    private static let maximumCount = 200
    /// Bytes of the longest line; the daemon writes no longer ones.
    private static let maximumSize = 65536
    /// The number of reads in one update.
    private static let maximumReadings = 64

    private let socketPath: String
    private var stream: UnixStream?
    private var input: [UInt8] = []
    /// Set if the daemon has accepted the request for events.
    private var isAccepted = false
    /// The events, the newest first.
    private(set) var refusals: [JSON] = []

    init(_ socketPath: String) { self.socketPath = socketPath }

    /// Reads what has arrived since the last time, without waiting; connects again if the daemon is gone.
    ///
    /// - Returns: The daemon's error if it refuses to send events.
    mutating func update() throws(SystemError) -> UserError? {
        do throws(SystemError) {
            return try read()
        } catch {
            stream = nil
            throw error
        }
    }

    private mutating func read() throws(SystemError) -> UserError? {
        if stream == nil {
            let new = try UnixStream.connect(to: socketPath)
            // A daemon with too many clients has sent an error and closed the connection.
            try? new.send("\(ControlRequest.events(.json).line)\n")
            stream = consume new
            input = []
            isAccepted = false
        }
        // More than that is read with the next report.
        for _ in 0..<RefusalWatch.maximumReadings {
            guard let number = stream?.number, try hasMore(number) else { break }
            let reading = try stream?.read(into: &input, limit: RefusalWatch.maximumSize)
            if let error = takeLines() {
                stream = nil
                return error
            }
            guard case .bytes = reading else {
                stream = nil
                break
            }
        }
        return nil
    }

    private func hasMore(_ number: Int32) throws(SystemError) -> Bool {
        let poller = try Poller.open()
        try poller.add(number, for: .reading)
        var hasMore = false
        poller.wait(milliseconds: 0) { hasMore = $0.isReadable }
        return hasMore
    }

    /// Reads the complete lines that have arrived; returns the error if the first line is one.
    private mutating func takeLines() -> UserError? {
        var rest = input[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            guard isAccepted else {
                do throws(UserError) {
                    try ControlSocketClient.check(String(decoding: line, as: UTF8.self))
                } catch {
                    return error
                }
                isAccepted = true
                continue
            }
            if let event = JSON(parsing: Array(line)), event["event"]?.string == "refused" {
                refusals.insert(event, at: 0)
                if refusals.count > RefusalWatch.maximumCount { refusals.removeLast() }
            }
        }
        input = rest.count > RefusalWatch.maximumSize ? [] : Array(rest)
        return nil
    }
}
