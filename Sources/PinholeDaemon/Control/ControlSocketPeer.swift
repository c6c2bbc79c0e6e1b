// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper
import Linux

/// A client of the control socket, as the daemon sees it.
///
/// Memory and time per client are limited. A client that stalls, or reads slower than events come, loses events or its
/// connection, and nobody else is affected.
final class ControlSocketPeer {
    /// The state of the conversation.
    enum State {
        /// The request is not complete yet.
        case asking
        /// The answer is being sent; `nil` once all of it is in `output`.
        case answering((() -> String?)?)
        /// Events are being sent; the number counts those dropped since the last one that fitted.
        case watching(EventFormat, lost: UInt64)
        /// Changes of the records are being sent.
        case following
    }

    /// Maximum size of `output` in bytes, some hundreds of events.
    static let outputLimit = 64 * 1024
    /// Maximum size of `output` in bytes for changes of the records: those of about a second at full load.
    private static let changesLimit = 4 << 20
    /// Maximum size of an event in bytes, including the line about dropped events before it.
    private static let lineSize = 3072
    /// Seconds for a client to send its request, and to read each part of the answer.
    static let requestTimeout: UInt32 = 10

    let stream: SocketStream
    /// The client's user ID.
    let user: UInt32
    var state = State.asking
    /// When it is disconnected unless it makes progress; `nil` for watchers.
    var deadline: Instant?
    /// The events that are registered with the server's poller.
    var registered = Poller.Interest.reading
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    /// How many bytes of `output` were sent already.
    private var sent = 0

    init(_ stream: consuming SocketStream, of user: UInt32, at now: Instant) {
        self.stream = stream
        self.user = user
        deadline = now.advanced(bySeconds: ControlSocketPeer.requestTimeout)
    }

    /// The events to wait for.
    ///
    /// Nothing is read after the request, so a client cannot send more.
    var interest: Poller.Interest {
        switch state {
        case .asking: .reading
        case .answering: .writing
        case .watching, .following: output.isEmpty ? .nothing : .writing
        }
    }

    /// The result of an attempt to read a request.
    enum Asking {
        case incomplete
        case request(ControlRequest)
        case rubbish
    }

    /// Reads what has arrived; `nil` if the client disconnected before its request was complete.
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

    /// Starts sending an answer.
    func begin(_ answer: ControlAnswer) {
        switch answer {
        case .pieces(let next):
            append("ok\n")
            state = .answering(next)
        case .events(let format):
            append("ok\n")
            state = .watching(format, lost: 0)
            deadline = nil
        case .records(let hello):
            append("ok\n")
            hello.write(to: &output)
            state = .following
            deadline = nil
        case .failure(let message, let hint):
            append("error: \(message): \(hint)\n")
            state = .answering(nil)
        }
    }

    var isWatching: Bool {
        switch state {
        case .watching, .following: true
        case .asking, .answering: false
        }
    }

    var isFollowing: Bool {
        if case .following = state { true } else { false }
    }

    var isAnswering: Bool {
        if case .answering = state { true } else { false }
    }

    /// Adds an event to the output, or counts it as dropped if there is no room.
    ///
    /// `line` renders the event; it is called only if there is room.
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

    /// Adds changes of the records to the output; `false` if the client reads too slowly, and has to begin again with a
    /// snapshot.
    func offer(_ changes: [UInt8]) -> Bool {
        guard output.count - sent + changes.count <= ControlSocketPeer.changesLimit else { return false }
        compact()
        output += changes
        return true
    }

    /// Sends as much as the socket takes, at most one buffer; `false` when the whole answer was sent.
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
        compact()
        output += text.utf8
    }

    /// Removes what was sent; now and then, which keeps the buffer within twice the limit.
    private func compact() {
        guard sent > ControlSocketPeer.outputLimit else { return }
        output.removeFirst(sent)
        sent = 0
    }

    /// The line that tells how many events were dropped.
    private static func notice(
        of count: UInt64,
        before record: EventRecord,
        _ format: EventFormat
    ) -> String {
        switch format {
        // The format has no line for that.
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
