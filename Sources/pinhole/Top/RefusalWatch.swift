import Netfilter
import PinholeDaemon

/// The last refusals that the daemon has told of since somebody began to listen.
struct RefusalWatch: ~Copyable {
    /// As many as are kept.
    private static let maximumCount = 200
    /// Bytes of a line, beyond which it is none of the daemon's.
    private static let maximumSize = 65536

    private let socketPath: String
    private var stream: UnixStream?
    private var input: [UInt8] = []
    /// The events, the newest first.
    private(set) var refusals: [JSON] = []

    init(_ socketPath: String) { self.socketPath = socketPath }

    /// Takes what has come since the last time, without waiting for more; listens anew where the daemon has gone.
    mutating func update() throws(SystemError) {
        do throws(SystemError) {
            try read()
        } catch {
            stream = nil
            throw error
        }
    }

    private mutating func read() throws(SystemError) {
        if stream == nil {
            let new = try UnixStream.connect(to: socketPath)
            try new.send("\(ControlRequest.events(.json).line)\n")
            stream = consume new
            input = []
        }
        while let number = stream?.number, try hasMore(number) {
            let reading = try stream?.read(into: &input, limit: 65536)
            guard case .bytes = reading else {
                stream = nil
                return
            }
            takeLines()
        }
    }

    private func hasMore(_ number: Int32) throws(SystemError) -> Bool {
        let poller = try Poller.open()
        try poller.add(number, for: .reading)
        var hasMore = false
        poller.wait(milliseconds: 0) { hasMore = $0.isReadable }
        return hasMore
    }

    private mutating func takeLines() {
        while let end = input.firstIndex(of: UInt8(ascii: "\n")) {
            if let event = JSON(parsing: Array(input[..<end])), event["event"]?.string == "refused" {
                refusals.insert(event, at: 0)
            }
            input.removeSubrange(...end)
        }
        if refusals.count > RefusalWatch.maximumCount {
            refusals.removeLast(refusals.count - RefusalWatch.maximumCount)
        }
        if input.count > RefusalWatch.maximumSize { input = [] }
    }
}
