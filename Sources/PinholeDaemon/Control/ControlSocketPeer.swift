import Formats
import FTPHelper
import Linux

/// One connection to the control socket, from the daemon's side.
///
/// It is given so many bytes of memory and so many seconds: a client that stalls, or reads more slowly than events
/// come, costs itself something and nobody else.
final class ControlSocketPeer {
    /// Where the conversation stands.
    enum State {
        /// The request line has not come whole yet.
        case asking
        /// The answer is being sent; `nil` once all of it is in `output`.
        case answering((() -> String?)?)
        /// Events are sent as they come; so many did not find room since the last that did.
        case watching(EventFormat, lost: UInt64)
    }

    /// Bytes that are kept for a client that does not read: some hundreds of events.
    static let outputLimit = 64 * 1024
    /// Bytes that the longest event takes, with the line before it that says how many found no room.
    private static let lineSize = 3072
    /// Seconds for a client to send its request, and then for each time that it lets the daemon wait.
    static let requestTimeout: UInt32 = 10

    let stream: UnixStream
    /// Whose it is, 0 for root.
    let user: UInt32
    var state = State.asking
    /// When it is cut off if it does not move; no such moment for one that watches.
    var deadline: Instant?
    /// What the server's poller waits for, to be changed with `interest`.
    var registered = Poller.Interest.reading
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    /// What `output` has that was sent already.
    private var sent = 0

    init(_ stream: consuming UnixStream, of user: UInt32, at now: Instant) {
        self.stream = stream
        self.user = user
        deadline = now.advanced(bySeconds: ControlSocketPeer.requestTimeout)
    }

    /// What to wait for; only a request is read, so that no client can send more than that.
    var interest: Poller.Interest {
        switch state {
        case .asking: .reading
        case .answering: .writing
        case .watching: output.isEmpty ? .nothing : .writing
        }
    }

    /// What became of the attempt to read a request.
    enum Asking {
        case incomplete
        case request(ControlRequest)
        case rubbish
    }

    /// Reads what has come; `nil` if the client went away without a whole request.
    func ask() throws(SystemError) -> Asking? {
        while true {
            switch try stream.read(into: &input, limit: ControlRequest.maximumSize + 1 - input.count) {
            case .nothingYet: return .incomplete
            case .end: return nil
            case .bytes:
                if let end = input.firstIndex(of: UInt8(ascii: "\n")) {
                    return ControlRequest(parsing: input[..<end]).map { .request($0) } ?? .rubbish
                }
                if input.count > ControlRequest.maximumSize { return .rubbish }
            }
        }
    }

    /// Takes up the answer to the request that was read.
    func begin(_ answer: ControlAnswer) {
        switch answer {
        case .pieces(let next):
            append("ok\n")
            state = .answering(next)
        case .events(let format):
            append("ok\n")
            state = .watching(format, lost: 0)
            deadline = nil
        case .failure(let message, let hint):
            append("error: \(message): \(hint)\n")
            state = .answering(nil)
        }
    }

    var isWatching: Bool {
        if case .watching = state { true } else { false }
    }

    var isAnswering: Bool {
        if case .answering = state { true } else { false }
    }

    /// Adds an event, or counts it as lost where there is no room; the next that finds room says how many were.
    ///
    /// `line` writes the event: what nobody has room for need not be written.
    func offer(_ record: EventRecord, _ line: (EventFormat) -> String) {
        guard case .watching(let format, let lost) = state, record.isShown(in: format) else { return }
        guard output.count - sent <= ControlSocketPeer.outputLimit - ControlSocketPeer.lineSize else {
            state = .watching(format, lost: lost + 1)
            return
        }
        if lost > 0 { append(ControlSocketPeer.notice(of: lost, before: record, format)) }
        append(line(format))
        state = .watching(format, lost: 0)
    }

    /// Sends what the socket takes now, at most one full buffer; `false` when all of the answer is on its way.
    func send(at now: Instant) throws(SystemError) -> Bool {
        if case .answering(let next?) = state {
            while output.count - sent < ControlSocketPeer.outputLimit {
                guard let piece = next() else {
                    state = .answering(nil)
                    break
                }
                append(piece)
            }
        }
        if sent < output.count {
            let count = try stream.write(output[sent...])
            sent += count
            if count > 0, deadline != nil {
                deadline = now.advanced(bySeconds: ControlSocketPeer.requestTimeout)
            }
        }
        if sent == output.count {
            output.removeAll(keepingCapacity: true)
            sent = 0
            if case .answering(nil) = state { return false }
        }
        return true
    }

    private func append(_ text: String) {
        // Moving the rest to the front now and then keeps the storage within twice the limit.
        if sent > ControlSocketPeer.outputLimit {
            output.removeFirst(sent)
            sent = 0
        }
        output += text.utf8
    }

    /// The line that says how many events found no room.
    private static func notice(
        of count: UInt64,
        before record: EventRecord,
        _ format: EventFormat
    ) -> String {
        switch format {
        // Who reads it knows of nothing but transfers.
        case .xferlog: ""
        case .text: "\(record.timeText) lost count=\(count)\n"
        case .json:
            JSON.object([
                record.timeMember, JSON.Member("event", .string("lost")),
                JSON.Member("count", .integer(count)),
            ]).text + "\n"
        }
    }
}
