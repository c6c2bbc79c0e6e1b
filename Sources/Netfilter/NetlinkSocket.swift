import CNetfilter
import FTPHelper
import Glibc
import Linux

/// A socket to one subsystem of nfnetlink; every request and its answer go through here.
///
/// The kernel performs a request while it is being sent, so the answer is there at once. A request waits for it one
/// second all the same and never longer: packets wait behind it. The corresponding library is libmnl.
@safe struct NetlinkSocket: ~Copyable {
    private let handle: OpaquePointer
    /// `NFNL_SUBSYS_...`.
    private let subsystem: Int32
    /// The number of the last request, by which its answer is known.
    private var sequence: UInt32 = 0
    /// The request being made; kept for its storage.
    private var writer = NetlinkWriter()
    /// What was received; a conntrack entry takes some 500 bytes, an error some 20 more than the request.
    private var buffer = [UInt8](repeating: 0, count: 16384)

    /// Owns `handle`, which must come from `mnl_socket_open2` and be in nobody else's hands.
    private init(adopting handle: OpaquePointer, subsystem: Int32) {
        unsafe self.handle = handle
        self.subsystem = subsystem
    }

    deinit { _ = unsafe mnl_socket_close(handle) }

    /// Opens a socket in the network namespace of the calling thread.
    ///
    /// - Parameters:
    ///   - subsystem: `NFNL_SUBSYS_...`.
    ///   - waits: receiving waits for an answer; else there has to be one (`ETIMEDOUT`).
    /// - Returns: The socket.
    /// - Throws: What the system says to making it.
    static func open(_ subsystem: Int32, waits: Bool = true) throws(SystemError) -> NetlinkSocket {
        try open(bus: NETLINK_NETFILTER, subsystem, waits: waits)
    }

    /// Opens one to the routing tables (rtnetlink), which have no subsystems.
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

    /// Goes on with a socket that another process has opened with `open`.
    static func adopt(_ descriptor: consuming Descriptor, _ subsystem: Int32) throws(SystemError)
        -> NetlinkSocket
    {
        // Sound: libmnl asks the kernel what the descriptor is, and closes it with the handle; whoever gave it has another.
        guard let handle = unsafe mnl_socket_fdopen(descriptor.number) else {
            throw SystemError("take over a netlink socket", code: errno)
        }
        descriptor.release()
        return unsafe NetlinkSocket(adopting: handle, subsystem: subsystem)
    }

    /// For `epoll` and for receiving what is no answer.
    var fileDescriptor: Int32 { unsafe mnl_socket_get_fd(handle) }

    /// Sets an option of `SOL_SOCKET`.
    func set<Value: BitwiseCopyable>(_ option: Int32, to value: inout Value) throws(SystemError) {
        // Sound: the kernel reads the value, of the size that its type has, during the call only.
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

    /// Makes a request that changes nothing, to learn whether the subsystem is there and may be used.
    ///
    /// A kernel without the subsystem answers as if the request were wrong (`EINVAL`); here that is
    /// `EPROTONOSUPPORT`. Without `CAP_NET_ADMIN` it is `EPERM`.
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

    /// Makes a request and waits until the kernel has done it.
    ///
    /// - Parameters:
    ///   - operation: What is asked, for the error.
    ///   - command: The subsystem's number for it.
    ///   - flags: `NLM_F_...` besides `NLM_F_REQUEST` and `NLM_F_ACK`.
    ///   - family: `AF_INET`, `AF_INET6` or `AF_UNSPEC`.
    ///   - resource: See `NetlinkWriter.message`.
    ///   - body: Writes the attributes of the request.
    /// - Throws: What the kernel answered; `ETIMEDOUT` if it did not.
    mutating func request(
        _ operation: @autoclosure () -> String,
        command: UInt32,
        flags: Int32 = 0,
        family: Int32 = AF_UNSPEC,
        resource: UInt16 = 0,
        _ body: (inout NetlinkWriter) -> Void
    ) throws(SystemError) {
        try post(
            operation(),
            command: command,
            flags: flags | NLM_F_ACK,
            family: family,
            resource: resource,
            body
        )
        _ = try answer(operation())
    }

    /// Asks a question to which there is one answer, and returns the attributes of that.
    ///
    /// It is not acknowledged as well: that would be a datagram more to make and to receive for each connection. The
    /// parameters and errors are those of `request`.
    mutating func ask(
        _ operation: @autoclosure () -> String,
        command: UInt32,
        family: Int32,
        _ body: (inout NetlinkWriter) -> Void
    ) throws(SystemError) -> [UInt8] {
        try post(operation(), command: command, family: family, body)
        return try answer(operation())
    }

    /// Asks the routing tables where a packet goes, as the attributes that `body` writes describe it (`RTM_GETROUTE`).
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

    /// Asks for everything that there is of a kind, and gives the attributes of each to `take`.
    ///
    /// The other parameters are those of `request`.
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

    /// Receives one more part of what was asked for with `NLM_F_DUMP`: the kernel gathers it with the part before.
    ///
    /// - Returns: Whether that was the last.
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

    /// What an `NLMSG_ERROR` says; 0 acknowledges.
    private func errorCode(of message: NetlinkMessages.Message) -> Int32 {
        // struct nlmsgerr begins with the negative errno.
        let code = buffer.span.hostNumber(
            UInt32.self,
            at: message.payload.lowerBound,
            before: message.payload.upperBound
        )
        return code.map { 0 &- Int32(bitPattern: $0) } ?? EBADMSG
    }

    /// Makes requests that the kernel does all together or not at all, and waits until it has.
    ///
    /// Every one of `commands` gets the attributes that `body` writes. The numbers of the messages are all the same: whatever
    /// is wrong with one of them, or with the whole, is the answer.
    ///
    /// - Throws: The first thing that the kernel has against it; `ETIMEDOUT` if it did not answer.
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

    /// Writes the message that begins or ends a transaction.
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

    /// Makes a request and does not wait for what comes of it.
    ///
    /// The parameters are those of `request`.
    mutating func post(
        _ operation: @autoclosure () -> String,
        command: UInt32,
        flags: Int32 = 0,
        family: Int32 = AF_UNSPEC,
        resource: UInt16 = 0,
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
            resource: resource,
            body
        )
        try send(writer.bytes, operation())
    }

    /// Sends whole messages.
    func send(_ bytes: [UInt8], _ operation: @autoclosure () -> String) throws(SystemError) {
        // Sound: the kernel reads the array's own bytes, and during the call only.
        _ = try SystemError.check(operation()) { unsafe mnl_socket_sendto(handle, bytes, bytes.count) }
    }

    /// Receives what the kernel says to the last request; what belongs to earlier ones is passed over.
    ///
    /// The attributes are none where it only acknowledges.
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
            // Sound: libmnl writes at most the size it is given, and fails with ENOSPC if that is too little.
            return try SystemError.check(operation()) {
                unsafe mnl_socket_recvfrom(handle, &buffer, buffer.count)
            }
        } catch {
            throw error.code == EAGAIN ? SystemError(operation(), code: ETIMEDOUT) : error
        }
    }
}
