// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper
import Glibc
import Linux
import Netfilter
import TestFiles
import Testing
import TestPackets
@testable import PinholeDaemon

/// Transfers, and the bytes that conntrack counts for them.
extension EngineTests {
    private static let dataTuple = Tuple(
        source: Endpoint(Samples.server.address, 20),
        destination: Endpoint(Samples.gateway, 5001)
    )

    /// What conntrack has counted of a download, four packets of them without data.
    private static func traffic(_ bytes: UInt64) -> Traffic {
        Traffic(
            original: Traffic.Direction(packets: 5, bytes: bytes + 5 * 40),
            reply: Traffic.Direction(packets: 4, bytes: 4 * 40)
        )
    }

    /// The reply that ends the download.
    private var final: [UInt8] { packet(Samples.mapping.reply, [.ack], sequence: 5008, "226 done\r\n") }

    /// A engine on which a file is being downloaded.
    private func download() -> Engine<FakeKernel> {
        var engine = engine()
        let client = Samples.mapping.original
        let server = Samples.mapping.reply
        let port = "PORT 10,1,0,2,19,137\r\n"
        _ = engine.control(
            packet(client, [.ack], sequence: 1000, acknowledgement: 5000, port).span,
            at: start
        )
        _ = engine.control(packet(server, [.ack], sequence: 5000, "200 ok\r\n").span, at: start)
        _ = engine.control(
            packet(client, [.ack], sequence: 1022, acknowledgement: 5008, "RETR f\r\n").span,
            at: start
        )
        memory.data[Self.dataTuple] = (Self.traffic(1000), 3)
        _ = engine.data(packet(Self.dataTuple, [.syn]).span, at: start)
        _ = engine.notices.drain()
        return engine
    }

    private func transfers(_ notices: [Notice]) -> [TransferSummary] {
        notices.compactMap { if case .event(.transfer(let transfer), _) = $0 { transfer } else { nil } }
    }

    @Test func `conntrack's byte counts are read for lists and at the end of a transfer`() throws {
        var engine = download()
        #expect(engine.transfers(at: start).map(\.moved) == [1000])
        memory.data[Self.dataTuple] = (Self.traffic(3000), 3)
        let text = answer(.transfers(.text), of: &engine)
        #expect(
            text.hasPrefix(
                "RETR client=10.1.0.2:40112 server=10.2.0.2:21 user=\"\" path=f direction=download "
            )
        )
        #expect(text.contains("up=0 down=3000"))
        #expect(answer(.transfers(.json), of: &engine).contains(#""bytes":{"up":0,"down":3000}"#))
        #expect(engine.report(nil, lostLines: 0).transfers == 1)

        memory.data[Self.dataTuple] = (Self.traffic(5000), 4)
        _ = engine.control(final.span, at: start)
        #expect(transfers(engine.notices.drain()).map(\.moved) == [5000])
        #expect(answer(.transfers(.json), of: &engine) == "[]\n")
        #expect(engine.report(nil, lostLines: 0).statistics.bytesDown == 5000)
    }

    @Test func `a transfer without byte counts is reported without them`() {
        var engine = download()
        memory.data[Self.dataTuple] = (nil, 3)
        #expect(engine.transfers(at: start).map(\.bytes) == [nil])
        _ = engine.control(final.span, at: start)
        #expect(transfers(engine.notices.drain()).map(\.bytes) == [nil])
    }

    @Test func `byte counts of another connection's entry are ignored`() {
        var engine = download()
        memory.mapping = Mapping(untranslated: Self.dataTuple)
        _ = engine.control(final.span, at: start)
        #expect(transfers(engine.notices.drain()).map(\.bytes) == [nil])
    }

    @Test func `a transfer is reported even if conntrack cannot be asked`() {
        var engine = download()
        memory.entryFailure = failure
        _ = engine.control(final.span, at: start)
        let notices = engine.notices.drain()
        #expect(transfers(notices).map(\.bytes) == [nil])
        #expect(names(notices) == ["find-connection", "transfer"])
    }
}
