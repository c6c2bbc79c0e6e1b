// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
package import Linux

/// The control socket with its clients.
///
/// It never blocks. The owner calls `serve` when `number` is readable, and `expire` at `nextDeadline`.
package struct ControlServer: ~Copyable {
    private var listener: UnixListener
    private let poller: Poller
    private var clients: [Int32: ControlSocketPeer] = [:]
    /// When to accept clients again after `accept` failed for want of resources; `nil` while it accepts.
    private var pauseEnd: Instant?

    private init(_ listener: consuming UnixListener, _ poller: consuming Poller) {
        self.listener = listener
        self.poller = poller
    }

    /// Listens at `path`, for root and for one group, by default the process's own.
    package static func open(_ path: String, group: UInt32? = nil) throws(SystemError) -> ControlServer {
        let listener = try UnixListener.open(path, mode: 0o660, group: group)
        let poller = try Poller.open()
        try poller.add(listener.number, for: .reading)
        return ControlServer(listener, poller)
    }

    /// Keeps the socket file when the server is closed; for a process that may no longer remove it.
    package mutating func leaveFile() { listener.leaveFile() }

    /// A descriptor that is readable when there is something to serve.
    package var number: Int32 { poller.number }

    /// The targets that the clients trace.
    package var targets: [TraceTarget] { clients.values.compactMap(\.target) }

    var clientCount: Int { clients.count }

    /// When to call `expire` next; every mutating method may change it.
    package var nextDeadline: Instant? {
        var next = pauseEnd
        for client in clients.values {
            if let deadline = client.deadline { next = min(next ?? deadline, deadline) }
        }
        return next
    }

    /// Serves one client as far as possible without blocking; the next call serves the next client.
    ///
    /// A table of all connections takes time, during which packets wait. Serving one client per call limits that.
    ///
    /// `answer` is called for each complete request, with the client's user ID.
    package mutating func serve(
        at now: Instant,
        _ answer: (ControlRequest, _ user: UInt32) -> ControlAnswer
    ) throws(SystemError) {
        var ready: Poller.Readiness?
        poller.wait(milliseconds: 0, limit: 1) { ready = $0 }
        guard let ready else { return }
        if ready.descriptor == listener.number {
            try accept(at: now)
        } else if let client = clients[ready.descriptor] {
            do throws(SystemError) {
                try serve(client, ready, at: now, answer)
            } catch {
                // The client has disconnected.
                clients[ready.descriptor] = nil
            }
        }
    }

    /// Sends events to all watchers whose buffers have room.
    package mutating func publish(_ records: [EventRecord], at now: Instant) {
        for record in records {
            // Rendered once for all watchers.
            var lines: [EventFormat: String] = [:]
            for client in clients.values {
                client.offer(record) { format in
                    let line = lines[format] ?? record.line(format)
                    lines[format] = line
                    return line
                }
            }
        }
        pushOutput(at: now) { $0.isWatching }
    }

    /// Whether a client follows the records.
    package var isFollowed: Bool { clients.values.contains { $0.isFollowing } }

    /// Sends changes of the records to all who follow them; disconnects those who read too slowly.
    package mutating func publish(_ changes: [UInt8], at now: Instant) {
        for (number, client) in clients where client.isFollowing && !client.offer(changes) {
            clients[number] = nil
        }
        pushOutput(at: now) { $0.isFollowing }
    }

    /// Sends what the sockets of some clients take.
    ///
    /// Who waits for a full socket gets the rest when it is writable.
    private mutating func pushOutput(at now: Instant, to isMeant: (ControlSocketPeer) -> Bool) {
        for client in clients.values where isMeant(client) && client.registered != .writing {
            do throws(SystemError) {
                try proceed(with: client, at: now)
            } catch {
                // The client has disconnected.
                clients[client.stream.number] = nil
            }
        }
    }

    /// Disconnects the clients whose timeout has expired.
    package mutating func expire(at now: Instant) throws(SystemError) {
        for (number, client) in clients where client.deadline.map({ $0 <= now }) ?? false {
            clients[number] = nil
        }
        if let end = pauseEnd, end <= now {
            pauseEnd = nil
            try poller.add(listener.number, for: .reading)
        }
    }

    private mutating func accept(at now: Instant) throws(SystemError) {
        do throws(SystemError) {
            guard let stream = try listener.accept() else { return }
            let number = stream.number
            let user = try stream.peerUser()
            let client = ControlSocketPeer(stream, of: user, at: now)
            if let refusal = ControlPlaces.refusal(of: user, among: clients.values) {
                client.begin(refusal)
                // The client may have disconnected already.
                _ = try? client.send(at: now)
                return
            }
            try poller.add(number, for: client.registered)
            clients[number] = client
        } catch {
            // Probably out of descriptors. The client keeps waiting, so epoll would report it again at once.
            try poller.remove(listener.number)
            pauseEnd = now.advanced(bySeconds: 1)
            throw error
        }
    }

    private mutating func serve(
        _ client: ControlSocketPeer,
        _ readiness: Poller.Readiness,
        at now: Instant,
        _ answer: (ControlRequest, _ user: UInt32) -> ControlAnswer
    ) throws(SystemError) {
        if case .asking = client.state {
            switch try client.ask() {
            case .incomplete: return
            case .request(let request):
                let refusal = ControlPlaces.refusal(of: request, from: client, among: clients.values)
                client.begin(refusal ?? answer(request, client.user))
            case .rubbish:
                client.begin(
                    .failure("the daemon does not know this request", hint: "use its own version of pinhole")
                )
            case nil:
                clients[client.stream.number] = nil
                return
            }
        } else if readiness.isOver {
            clients[client.stream.number] = nil
            return
        }
        try proceed(with: client, at: now)
    }

    /// Sends what a client's socket takes and registers for what comes next.
    private mutating func proceed(with client: ControlSocketPeer, at now: Instant) throws(SystemError) {
        if try client.send(at: now) {
            guard client.interest != client.registered else { return }
            try poller.change(client.stream.number, to: client.interest)
            client.registered = client.interest
        } else {
            clients[client.stream.number] = nil
        }
    }
}
