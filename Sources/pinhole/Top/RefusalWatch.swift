import Formats
import Linux
import PinholeDaemon

/// The last refusals that the daemon has told of since somebody began to listen.
struct RefusalWatch: ~Copyable {
    /// As many as are kept.
    private static let maximumCount = 200
    /// Bytes of a line, beyond which it is none of the daemon's.
    private static let maximumSize = 65536
    /// As often as it reads before it lets others do something.
    private static let maximumReadings = 64

    private let socketPath: String
    private var stream: UnixStream?
    private var input: [UInt8] = []
    /// Whether the daemon has said that it will tell of events.
    private var isAccepted = false
    /// The events, the newest first.
    private(set) var refusals: [JSON] = []

    init(_ socketPath: String) { self.socketPath = socketPath }

    /// Takes what has come since the last time, without waiting for more; listens anew where the daemon has gone.
    ///
    /// - Returns: What the daemon has said instead of events, if it has none for this one.
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
            // A daemon that has no place for one more has said so and closed the connection.
            try? new.send("\(ControlRequest.events(.json).line)\n")
            stream = consume new
            input = []
            isAccepted = false
        }
        // One that never ends comes to its end with the next report.
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

    /// Takes the whole lines that have come; returns what the first says if it is an error.
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
