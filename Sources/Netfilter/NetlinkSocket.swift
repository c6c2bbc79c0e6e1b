// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
import FTPHelper
import Glibc
import Linux

/// A netlink socket to one subsystem of nfnetlink, or to rtnetlink, for requests and their answers.
///
/// The kernel performs a request inside `sendto`, so its answer can be received at once. Receiving times out after one
/// second, because packets wait for a verdict meanwhile. The corresponding library is libmnl.
@safe struct NetlinkSocket: ~Copyable {
    private let handle: OpaquePointer
    /// `NFNL_SUBSYS_...`.
    private let subsystem: Int32
    /// The sequence number of the last request, which the kernel repeats in the answer.
    private var sequence: UInt32 = 0
    /// Encodes requests; a property to keep its storage.
    private var writer = NetlinkWriter()
    /// The last datagram received.
    ///
    /// A conntrack entry takes about 500 bytes, an error 20 more than the request.
    private var buffer = [UInt8](repeating: 0, count: 16384)

    /// Takes ownership of `handle`, which must come from `mnl_socket_open2` or `mnl_socket_fdopen`.
    private init(adopting handle: OpaquePointer, subsystem: Int32) {
        unsafe self.handle = handle
        self.subsystem = subsystem
    }

    deinit { _ = unsafe mnl_socket_close(handle) }

    /// Opens a socket in the network namespace of the calling thread.
    ///
    /// - Parameters:
    ///   - subsystem: `NFNL_SUBSYS_...`.
    ///   - waits: Whether receiving blocks; if not, it throws `ETIMEDOUT` when nothing has arrived.
    /// - Returns: The socket.
    /// - Throws: The error of `socket`, `bind` or `setsockopt`.
    static func open(_ subsystem: Int32, waits: Bool = true) throws(SystemError) -> NetlinkSocket {
        try open(bus: NETLINK_NETFILTER, subsystem, waits: waits)
    }

    /// Opens a socket to the routing tables (rtnetlink).
    static func openRouting() throws(SystemError) -> NetlinkSocket {
        try open(bus: NETLINK_ROUTE, NFNL_SUBSYS_NONE, waits: true)
    }

    private static func open(
        bus: Int32,
        _ subsystem: Int32,
        waits: Bool
    ) throws(SystemError) -> NetlinkSocket {
        let flags = Int32(SOCK_CLOEXEC.rawValue | (waits ? 0 : SOCK_NONBLOCK.rawValue))
        guard let handle = unsafe mnl_socket_open2(bus, flags) else {
            throw SystemError("open a netlink socket", code: errno)
        }
        let socket = unsafe NetlinkSocket(adopting: handle, subsystem: subsystem)
        _ = try SystemError.check("bind a netlink socket") {
            unsafe mnl_socket_bind(handle, 0, MNL_SOCKET_AUTOPID)
        }
        var timeout = timeval(tv_sec: 1, tv_usec: 0)
        try socket.set(SO_RCVTIMEO, to: &timeout)
        return socket
    }

    /// Takes over a socket that another process opened with `open`.
    static func adopt(_ descriptor: consuming Descriptor, _ subsystem: Int32) throws(SystemError)
        -> NetlinkSocket
    {
        // Sound: libmnl checks that the descriptor is a netlink socket, and closes it with the handle.
        guard let handle = unsafe mnl_socket_fdopen(descriptor.number) else {
            throw SystemError("take over a netlink socket", code: errno)
        }
        descriptor.relinquish()
        return unsafe NetlinkSocket(adopting: handle, subsystem: subsystem)
    }

    /// The descriptor, for `epoll` and for receiving packets.
    var fileDescriptor: Int32 { unsafe mnl_socket_get_fd(handle) }

    /// Sets an option of `SOL_SOCKET`.
    func set<Value: BitwiseCopyable>(_ option: Int32, to value: inout Value) throws(SystemError) {
        // Sound: the kernel reads the value during the call only, and no more than the size of its type.
        _ = try SystemError.check("configure a netlink socket") {
            unsafe setsockopt(
                fileDescriptor,
                SOL_SOCKET,
                option,
                &value,
                socklen_t(MemoryLayout<Value>.size)
            )
        }
    }

    /// Sends a request that changes nothing, to learn whether the subsystem exists and may be used.
    ///
    /// - Throws: `EPROTONOSUPPORT` if the kernel lacks the subsystem, which it reports as `EINVAL`; `EPERM` without
    ///   `CAP_NET_ADMIN`.
    mutating func probe(
        _ operation: String,
        command: UInt32,
        _ body: (inout NetlinkWriter) -> Void
    ) throws(SystemError) {
        do {
            try request(operation, command: command, body)
        } catch {
            throw error.code == EINVAL ? SystemError(operation, code: EPROTONOSUPPORT) : error
        }
    }

    /// Sends a request that is encoded already, and waits for the kernel's answer.
    ///
    /// - Parameters:
    ///   - operation: The request in words, for the error.
    ///   - message: Returns the message, with `NLM_F_ACK` and the sequence number that it is given.
    /// - Throws: The kernel's error; `ETIMEDOUT` if it did not answer.
    mutating func request(
        _ operation: @autoclosure () -> String,
        _ message: (_ sequence: UInt32) -> [UInt8]
    ) throws(SystemError) {
        sequence &+= 1
        try send(message(sequence), operation())
        _ = try answer(operation())
    }

    /// Sends a request and waits until the kernel has acknowledged it.
    ///
    /// - Parameters:
    ///   - operation: The request in words, for the error.
    ///   - command: The subsystem's message type.
    ///   - flags: `NLM_F_...` besides `NLM_F_REQUEST` and `NLM_F_ACK`.
    ///   - family: `AF_INET`, `AF_INET6` or `AF_UNSPEC`.
    ///   - body: Writes the attributes of the request.
    /// - Throws: The kernel's error; `ETIMEDOUT` if it did not answer.
    mutating func request(
        _ operation: @autoclosure () -> String,
        command: UInt32,
        flags: Int32 = 0,
        family: Int32 = AF_UNSPEC,
        _ body: (inout NetlinkWriter) -> Void
    ) throws(SystemError) {
        try post(
            operation(),
            command: command,
            flags: flags | NLM_F_ACK,
            family: family,
            body
        )
        _ = try answer(operation())
    }

    /// Sends a request that has one message as its answer, and returns the attributes of that message.
    ///
    /// No acknowledgement is requested, which would cost a second datagram. The parameters and errors are those of
    /// `request`.
    mutating func ask(
        _ operation: @autoclosure () -> String,
        command: UInt32,
        family: Int32,
        _ body: (inout NetlinkWriter) -> Void
    ) throws(SystemError) -> [UInt8] {
        try post(operation(), command: command, family: family, body)
        return try answer(operation())
    }

    /// Looks up the route of the packet that the attributes written by `body` describe (`RTM_GETROUTE`).
    mutating func askRoute(
        family: Int32,
        source: IPAddress?,
        _ body: (inout NetlinkWriter) -> Void
    ) throws(SystemError) -> Route {
        let operation = "look up a route"
        sequence &+= 1
        writer.clear()
        writer.routeMessage(sequence: sequence, family: family, hasSource: source != nil, body)
        try send(writer.bytes, operation)
        while true {
            let size = try receive(operation)
            var messages = NetlinkMessages(in: 0..<size)
            while let message = messages.next(in: buffer.span) {
                guard message.sequence == sequence else { continue }
                guard message.type == NLMSG_ERROR else {
                    return Route(parsing: message.payload, in: buffer.span)
                }
                throw SystemError(operation, answer: errorCode(of: message))
            }
        }
    }

    /// Dumps all objects of a kind, and passes the attributes of each to `take`.
    ///
    /// The other parameters and the errors are those of `request`.
    mutating func dump(
        _ operation: @autoclosure () -> String,
        command: UInt32,
        family: Int32,
        _ body: (inout NetlinkWriter) -> Void,
        _ take: (borrowing Span<UInt8>) -> Void
    ) throws(SystemError) {
        try post(operation(), command: command, flags: NLM_F_DUMP, family: family, body)
        while try !takePart(operation(), take) {}
    }

    /// Receives the next datagram of a dump (`NLM_F_DUMP`) and passes the attributes of each object to `take`.
    ///
    /// The kernel prepares one datagram each time that one is received.
    ///
    /// - Returns: Whether the dump is complete.
    mutating func takePart(
        _ operation: @autoclosure () -> String,
        _ take: (borrowing Span<UInt8>) -> Void
    ) throws(SystemError) -> Bool {
        let size = try receive(operation())
        var messages = NetlinkMessages(in: 0..<size)
        while let message = messages.next(in: buffer.span) {
            guard message.sequence == sequence else { continue }
            guard message.type != NLMSG_DONE else { return true }
            guard message.type == NLMSG_ERROR else {
                take(buffer.span.extracting(message.attributes))
                continue
            }
            let code = errorCode(of: message)
            guard code == 0 else { throw SystemError(operation(), answer: code) }
            return true
        }
        return false
    }

    /// The `errno` of an `NLMSG_ERROR` message; 0 is an acknowledgement.
    private func errorCode(of message: NetlinkMessages.Message) -> Int32 {
        // struct nlmsgerr begins with the negative errno.
        let code = buffer.span.hostNumber(
            UInt32.self,
            at: message.payload.lowerBound,
            before: message.payload.upperBound
        )
        return code.map { 0 &- Int32(bitPattern: $0) } ?? EBADMSG
    }

    /// Sends one transaction, which the kernel performs completely or not at all, and waits until it is done.
    ///
    /// Each of `commands` gets the attributes that `body` writes. All messages have the same sequence number, so an error
    /// about any of them, or about the whole, is taken for the answer.
    ///
    /// - Throws: The kernel's first error; `ETIMEDOUT` if it did not answer.
    mutating func transaction(
        _ operation: @autoclosure () -> String,
        commands: [UInt32],
        family: Int32,
        _ body: (inout NetlinkWriter) -> Void
    ) throws(SystemError) {
        sequence &+= 1
        writer.clear()
        bracket(NFNL_MSG_BATCH_BEGIN)
        for (index, command) in commands.enumerated() {
            writer.message(
                subsystem: subsystem,
                command: command,
                flags: NLM_F_CREATE | (index == commands.count - 1 ? NLM_F_ACK : 0),
                sequence: sequence,
                family: family,
                body
            )
        }
        bracket(NFNL_MSG_BATCH_END)
        try send(writer.bytes, operation())
        _ = try answer(operation())
    }

    /// Writes the message that begins or ends a transaction (`NFNL_MSG_BATCH_BEGIN`, `NFNL_MSG_BATCH_END`).
    private mutating func bracket(_ command: Int32) {
        writer.message(
            subsystem: NFNL_SUBSYS_NONE,
            command: UInt32(command),
            flags: 0,
            sequence: sequence,
            family: AF_UNSPEC,
            resource: UInt16(subsystem)
        ) { _ in }
    }

    /// Sends a request without waiting for an answer.
    ///
    /// The parameters are those of `request`.
    mutating func post(
        _ operation: @autoclosure () -> String,
        command: UInt32,
        flags: Int32 = 0,
        family: Int32 = AF_UNSPEC,
        _ body: (inout NetlinkWriter) -> Void
    ) throws(SystemError) {
        sequence &+= 1
        writer.clear()
        writer.message(
            subsystem: subsystem,
            command: command,
            flags: flags,
            sequence: sequence,
            family: family,
            body
        )
        try send(writer.bytes, operation())
    }

    /// Sends encoded messages as one datagram.
    func send(_ bytes: [UInt8], _ operation: @autoclosure () -> String) throws(SystemError) {
        // Sound: the kernel reads the array's bytes, during the call only.
        _ = try SystemError.check(operation()) { unsafe mnl_socket_sendto(handle, bytes, bytes.count) }
    }

    /// Subscribes to a group of notifications (`NFNLGRP_...`).
    func join(_ group: UInt32) throws(SystemError) {
        var group = group
        // Sound: the kernel reads the number during the call only, and no more than its size.
        _ = try SystemError.check("subscribe to notifications") {
            unsafe mnl_socket_setsockopt(
                handle,
                NETLINK_ADD_MEMBERSHIP,
                &group,
                socklen_t(MemoryLayout<UInt32>.size)
            )
        }
    }

    /// Receives one datagram of notifications, and passes the subsystem's message type, the family and the attributes of
    /// each to `take`.
    ///
    /// - Throws: `ENOBUFS` if some were lost; `ETIMEDOUT` if nothing has arrived.
    mutating func takeNotifications(
        _ operation: @autoclosure () -> String,
        _ take: (_ command: UInt32, _ family: UInt8, _ attributes: borrowing Span<UInt8>) -> Void
    ) throws(SystemError) {
        let size = try receive(operation())
        var messages = NetlinkMessages(in: 0..<size)
        while let message = messages.next(in: buffer.span) {
            guard Int32(message.type >> 8) == subsystem, let family = buffer[message.payload].first else {
                continue
            }
            take(UInt32(message.type & 0xff), family, buffer.span.extracting(message.attributes))
        }
    }

    /// Receives the answer to the last request and returns its attributes; answers to earlier requests are skipped.
    ///
    /// An acknowledgement has no attributes.
    private mutating func answer(_ operation: @autoclosure () -> String) throws(SystemError) -> [UInt8] {
        while true {
            let size = try receive(operation())
            var messages = NetlinkMessages(in: 0..<size)
            while let message = messages.next(in: buffer.span) {
                guard message.sequence == sequence else { continue }
                guard message.type == NLMSG_ERROR else { return Array(buffer[message.attributes]) }
                let code = errorCode(of: message)
                guard code == 0 else { throw SystemError(operation(), answer: code) }
                return []
            }
        }
    }

    /// Receives one datagram into the buffer and returns its size.
    private mutating func receive(_ operation: @autoclosure () -> String) throws(SystemError) -> Int {
        do {
            // Sound: libmnl writes at most `buffer.count` bytes, and fails with ENOSPC if the datagram is longer.
            return try SystemError.check(operation()) {
                unsafe mnl_socket_recvfrom(handle, &buffer, buffer.count)
            }
        } catch {
            throw error.code == EAGAIN ? SystemError(operation(), code: ETIMEDOUT) : error
        }
    }
}
