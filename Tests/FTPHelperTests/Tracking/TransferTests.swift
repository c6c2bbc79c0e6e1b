// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// The report of a transfer: command, path and reply from the control connection, bytes from conntrack, in any order.
@Suite struct TransferTests {
    static let port = "PORT 10,1,0,2,19,137\r\n"
    private static let syn = ExpectationTests.syn(from: "10.2.0.2", to: "10.2.0.100", 5001)
    static let passiveSYN = ExpectationTests.syn(from: "10.1.0.2", 40200, to: "10.2.0.2", 5001)

    /// What conntrack counts of a connection with 40 bytes of headers a packet.
    static func traffic(original: UInt64, reply: UInt64) -> Traffic {
        func direction(_ bytes: UInt64) -> Traffic.Direction {
            let packets = 4 + bytes / 1000
            return Traffic.Direction(packets: packets, bytes: bytes + packets * 40)
        }
        return Traffic(original: direction(original), reply: direction(reply))
    }

    static func ended(_ dialogue: borrowing Dialogue) -> [TransferSummary] {
        dialogue.events.compactMap { if case .transfer(let transfer) = $0 { transfer } else { nil } }
    }

    /// Answers the pending requests to conntrack, and checks their number if that is given.
    static func answer(
        _ dialogue: inout Dialogue,
        _ traffic: Traffic?,
        isOver: Bool = true,
        times: Int? = nil,
        _ location: SourceLocation = #_sourceLocation
    ) {
        let requests = dialogue.actions.compactMap {
            if case .measure(let transfer) = $0 { transfer } else { nil }
        }
        dialogue.actions.removeAll { if case .measure = $0 { true } else { false } }
        for request in requests {
            let entry: DataEntry =
                traffic == nil && isOver ? .unknown : .there(traffic, isOver ? .closing : .open)
            dialogue.perform { $0.complete(.measured(request, entry), at: $1, into: &$2) }
        }
        if let times { #expect(requests.count == times, sourceLocation: location) }
    }

    /// Lets the SYN of a data connection come, which has to be expected.
    static func connect(
        _ dialogue: inout Dialogue,
        _ syn: [UInt8],
        _ location: SourceLocation = #_sourceLocation
    ) {
        let isExpected = dialogue.use(syn)
        #expect(isExpected, sourceLocation: location)
    }

    /// An active transfer up to the server's first reply.
    static func active(_ command: String = "RETR pub/file", mapping: Mapping = snat) -> Dialogue {
        var dialogue = Dialogue.ready(mapping)
        dialogue.send(.client, "TYPE I\r\n")
        dialogue.send(.server, "200 ok\r\n")
        dialogue.send(.client, port)
        dialogue.send(.server, "200 ok\r\n")
        dialogue.send(.client, command + "\r\n")
        Self.connect(&dialogue, syn)
        return dialogue
    }

    /// A passive one, whose data connection comes before the command.
    static func passive(_ command: String = "RETR pub/file") -> Dialogue {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, "TYPE I\r\n")
        dialogue.send(.server, "200 ok\r\n")
        dialogue.send(.client, "EPSV\r\n")
        dialogue.send(.server, "229 ok (|||5001|)\r\n")
        Self.connect(&dialogue, passiveSYN)
        dialogue.send(.client, command + "\r\n")
        return dialogue
    }

    // MARK: One transfer

    @Test func `a download is reported with all its details`() throws {
        var dialogue = Self.active()
        let began = dialogue.now
        dialogue.send(.server, "150 Opening BINARY mode data connection for pub/file (9) (300000 bytes).\r\n")
        #expect(dialogue.tracker.transfers.map(\.command) == [.retr])
        dialogue.wait(seconds: 3)
        dialogue.send(.server, "226 Transfer complete.\r\n")
        Self.answer(&dialogue, Self.traffic(original: 300_000, reply: 0), times: 1)
        let transfer = try #require(Self.ended(dialogue).first)
        #expect(Self.ended(dialogue).count == 1)
        #expect(transfer.master == snat.original)
        #expect(String(decoding: transfer.user, as: UTF8.self) == "anonymous")
        #expect(String(decoding: transfer.path, as: UTF8.self) == "pub/file")
        #expect(String(decoding: transfer.reply, as: UTF8.self) == "226 Transfer complete.")
        #expect(transfer.command == .retr && !transfer.isASCII && transfer.isComplete)
        #expect(transfer.data?.kind == .port && transfer.data?.id == 1)
        #expect(transfer.size == 300_000 && transfer.offset == 0)
        #expect(transfer.bytes == TransferBytes(up: 0, down: 300_000))
        #expect(transfer.progress == 1)
        #expect(transfer.began == began && transfer.ended == began.advanced(bySeconds: 3))
        #expect(dialogue.tracker.transfers.isEmpty && dialogue.tracker.transferCount == 0)
        #expect(dialogue.statistics.transfersCompleted == 1 && dialogue.statistics.transfersFailed == 0)
        #expect(dialogue.statistics.bytesUp == 0 && dialogue.statistics.bytesDown == 300_000)
    }

    @Test(arguments: TransferCommand.allCases)
    func `every kind of transfer is reported in active and in passive mode`(command: TransferCommand) {
        for isActive in [true, false] {
            var dialogue =
                isActive ? Self.active("\(command.rawValue) x") : Self.passive("\(command.rawValue) x")
            dialogue.send(.server, "150 here\r\n")
            dialogue.send(.server, "226 done\r\n")
            // In active mode the server is the one that connects.
            let upload =
                isActive ? Self.traffic(original: 0, reply: 500) : Self.traffic(original: 500, reply: 0)
            let download =
                isActive ? Self.traffic(original: 500, reply: 0) : Self.traffic(original: 0, reply: 500)
            Self.answer(&dialogue, command.isUpload ? upload : download, times: 1)
            let transfers = Self.ended(dialogue)
            #expect(transfers.map(\.command) == [command])
            #expect(transfers.map(\.moved) == [500])
            #expect(transfers.first?.bytes.map { command.isUpload ? $0.down : $0.up } == 0)
            // Listings are text, whatever files are.
            #expect(transfers.first?.isASCII == !command.isOfFile)
        }
    }

    @Test func `an empty transfer has 0 bytes, an uncounted one has none`() {
        var empty = Self.active()
        empty.send(.server, "226 done\r\n")
        Self.answer(&empty, Self.traffic(original: 0, reply: 0))
        #expect(Self.ended(empty).map(\.bytes) == [TransferBytes(up: 0, down: 0)])

        var uncounted = Self.active()
        uncounted.send(.server, "150 here (12 bytes)\r\n")
        uncounted.send(.server, "226 done\r\n")
        Self.answer(&uncounted, nil, isOver: false)
        #expect(Self.ended(uncounted).map(\.bytes) == [nil])
        #expect(Self.ended(uncounted).map(\.progress) == [nil])
    }

    @Test func `headers are not counted, whatever their size`() throws {
        func payload(_ options: [UInt8], _ packets: UInt64, _ bytes: UInt64, isIPv6: Bool = false) throws
            -> UInt64
        {
            let nat = NATCase.all[isIPv6 ? 5 : 0]
            var dialogue = Dialogue.ready(nat.mapping)
            dialogue.send(.client, "EPSV\r\n")
            dialogue.send(.server, "229 ok (|||5001|)\r\n")
            let expected = dialogue.expected(
                PacketBuilder(
                    tuple: Tuple(
                        source: Endpoint(nat.mapping.original.source.address, 40200),
                        destination: Endpoint(nat.mapping.original.destination.address, 5001)
                    ),
                    sequence: 1,
                    acknowledgement: 0,
                    flags: [.syn],
                    options: options
                ).bytes
            )
            let connection = try #require(expected)
            let data = try #require(Self.data(connection, of: &dialogue))
            let direction = Traffic.Direction(packets: packets, bytes: bytes)
            return data.bytes(of: Traffic(original: direction, reply: direction)).up
        }
        let linux: [UInt8] = [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7]
        let windows: [UInt8] = [2, 4, 5, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2]
        // SYN, ACK, 1000 bytes, FIN.
        #expect(try payload(linux, 4, 60 + 52 + 1052 + 52) == 1000)
        #expect(try payload(windows, 4, 52 + 40 + 1040 + 40) == 1000)
        #expect(try payload([], 4, 40 + 40 + 1040 + 40) == 1000)
        #expect(try payload(linux, 4, 80 + 72 + 1072 + 72, isIPv6: true) == 1000)
        // Numbers that cannot be.
        #expect(try payload(linux, 4, 1) == 0)
        #expect(try payload(linux, 0, 0) == 0)
        #expect(try payload(linux, .max, .max) == 0)
    }

    static func data(_ connection: ExpectedConnection, of dialogue: inout Dialogue) -> DataConnection? {
        dialogue.perform { $0.complete(.established(connection), at: $1, into: &$2) }
        return dialogue.tracker.transfers.first?.data
    }

    // MARK: The end

    @Test func `a transfer waits for bytes that come after the final reply`() {
        var dialogue = Self.active()
        dialogue.send(.server, "226 done\r\n")
        Self.answer(&dialogue, Self.traffic(original: 1000, reply: 0), isOver: false, times: 1)
        #expect(Self.ended(dialogue).isEmpty)
        #expect(dialogue.tracker.transferCount == 1)
        // It is slow, and never still for long.
        for number in 2...30 as ClosedRange<UInt64> {
            dialogue.wait(seconds: 1)
            Self.answer(&dialogue, Self.traffic(original: number * 1000, reply: 0), isOver: false, times: 1)
        }
        #expect(Self.ended(dialogue).isEmpty)
        dialogue.wait(seconds: 1)
        Self.answer(&dialogue, Self.traffic(original: 31000, reply: 0), times: 1)
        #expect(Self.ended(dialogue).map(\.moved) == [31000])
        #expect(Self.ended(dialogue).map(\.ended) == [dialogue.now])
        dialogue.wait(seconds: 200)
        Self.answer(&dialogue, nil, times: 0)
    }

    @Test func `a transfer waits a limited time for an open data connection after the final reply`() {
        var dialogue = Self.active()
        dialogue.send(.server, "226 done\r\n")
        let replied = dialogue.now
        for _ in 0..<60 where Self.ended(dialogue).isEmpty {
            Self.answer(&dialogue, Self.traffic(original: 1000, reply: 0), isOver: false)
            dialogue.wait(seconds: 1)
        }
        #expect(Self.ended(dialogue).map(\.ended) == [replied])
        #expect(dialogue.now <= replied.advanced(bySeconds: 15))
    }

    @Test func `bytes counted before conntrack lost the data connection are reported`() {
        var dialogue = Self.active()
        dialogue.wait(seconds: 61)
        Self.answer(&dialogue, Self.traffic(original: 7000, reply: 0), times: 1)
        // Nothing more can come.
        dialogue.wait(seconds: 300)
        Self.answer(&dialogue, nil, times: 0)
        dialogue.send(.server, "226 scanned\r\n")
        Self.answer(&dialogue, nil, times: 1)
        #expect(Self.ended(dialogue).map(\.moved) == [7000])
    }

    @Test(arguments: ["425 no connection", "550 no such file", "451 broken"])
    func `a transfer without a data connection is reported with the server's error reply`(reply: String) {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, Self.port)
        dialogue.send(.server, "200 ok\r\n")
        dialogue.send(.client, "STOR x\r\n")
        #expect(dialogue.tracker.transferCount == 1)
        dialogue.send(.server, "\(reply)\r\n")
        let transfers = Self.ended(dialogue)
        #expect(transfers.map { String(decoding: $0.reply, as: UTF8.self) } == [reply])
        #expect(transfers.first?.data == nil && transfers.first?.bytes == nil)
        #expect(transfers.first?.isASCII == true, "no TYPE was said")
        Self.answer(&dialogue, nil, times: 0)
        #expect(dialogue.tracker.transferCount == 0)
        #expect(dialogue.statistics.transfersFailed == 1)
    }

    @Test func `an aborted transfer has the reply to the transfer, not the reply to ABOR`() {
        var dialogue = Self.active()
        dialogue.send(.server, "150 here\r\n")
        dialogue.send(.client, "ABOR\r\n")
        dialogue.send(.server, "426 aborted\r\n226 ABOR ok\r\n")
        Self.answer(&dialogue, Self.traffic(original: 3000, reply: 0), times: 1)
        #expect(Self.ended(dialogue).map { String(decoding: $0.reply, as: UTF8.self) } == ["426 aborted"])
        #expect(Self.ended(dialogue).map(\.isComplete) == [false])
    }

    @Test(arguments: [TCPFlags.rst, .fin])
    func `a transfer whose control connection ends is reported with its bytes so far`(flag: TCPFlags) {
        var dialogue = Self.active()
        dialogue.send(.server, "150 here\r\n")
        dialogue.send(.client, "", flags: [.ack, flag])
        if flag == .fin { dialogue.send(.server, "", flags: [.ack, .fin]) }
        Self.answer(&dialogue, Self.traffic(original: 3000, reply: 0), isOver: false, times: 1)
        #expect(Self.ended(dialogue).map(\.moved) == [3000])
        #expect(Self.ended(dialogue).map(\.reply) == [[]])
        #expect(dialogue.tracker.transferCount == 0)
    }

    @Test func `a transfer is reported even if conntrack lost its connection for two hours`() {
        var dialogue = Self.passive()
        dialogue.now = dialogue.now.advanced(bySeconds: 7200)
        dialogue.perform { $0.complete(.verified(snat, .gone), at: $1, into: &$2) }
        Self.answer(&dialogue, nil, times: 1)
        #expect(Self.ended(dialogue).map(\.command) == [.retr])
        #expect(dialogue.tracker.transferCount == 0)
    }
}
