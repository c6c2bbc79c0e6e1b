// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// Attempts of clients with encrypted sessions that fail because the configuration does not fit the server.
@Suite struct StrayTests {
    private static func told(_ dialogue: borrowing Dialogue) -> [(reason: UnopenedReason, tried: Endpoint?)] {
        dialogue.events.compactMap {
            if case .unopened(_, let reason, let tried) = $0 { (reason, tried) } else { nil }
        }
    }

    @Test(arguments: NATCase.all.indices)
    func `an attempt at an unconfigured port is reported once per session`(index: Int) throws {
        let mapping = NATCase.all[index].mapping
        var dialogue = FTPSTests.secured(try FTPSTests.policy("\(mapping.reply.source.address)"), mapping)
        for port in [30001, 30002] as [UInt16] {
            let syn = FTPSTests.syn(mapping, to: port)
            #expect(FTPSTests.open(&dialogue, syn) == nil)
        }
        let told = Self.told(dialogue)
        #expect(told.map(\.reason) == [.ftpsPort])
        #expect(told.first?.tried == Endpoint(mapping.original.destination.address, 30001))
        #expect(dialogue.statistics.unopened == [.ftpsPort: 1])
    }

    @Test func `attempts at other services, or long after the last data, are not reported`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy())
        for port in [21, 22, 80, 443, 49500] as [UInt16] {
            _ = FTPSTests.open(&dialogue, FTPSTests.syn(to: port))
        }
        dialogue.transmit(dialogue.segment(.server, FTPSTests.data))
        dialogue.now = dialogue.now.advanced(bySeconds: 3)
        _ = FTPSTests.open(&dialogue, FTPSTests.syn(to: 8080))
        #expect(Self.told(dialogue).isEmpty)
        dialogue.transmit(dialogue.segment(.server, FTPSTests.data))
        _ = FTPSTests.open(&dialogue, FTPSTests.syn(to: 8080))
        #expect(Self.told(dialogue).map(\.reason) == [.ftpsPort])
    }

    @Test func `an attempt at another address is reported if its port is configured`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy())
        let elsewhere = NATCase("another", "10.1.0.2", "192.168.7.7").mapping
        _ = FTPSTests.open(&dialogue, FTPSTests.syn(elsewhere, to: 8443))
        #expect(Self.told(dialogue).isEmpty)
        _ = FTPSTests.open(&dialogue, FTPSTests.syn(elsewhere))
        let told = Self.told(dialogue)
        #expect(told.map(\.reason) == [.ftpsAddress])
        #expect(told.first?.tried?.address == elsewhere.original.destination.address)
    }

    @Test func `SYNs of another client, or after the session, are not reported`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy())
        let stranger = NATCase("another client", "10.3.0.2", "10.2.0.2").mapping
        _ = FTPSTests.open(&dialogue, FTPSTests.syn(stranger, to: 30001))
        dialogue.transmit(dialogue.segment(.server, "".utf8, flags: [.fin, .ack]))
        _ = FTPSTests.open(&dialogue, FTPSTests.syn(to: 30001))
        #expect(Self.told(dialogue).isEmpty)
    }

    @Test func `implicit TLS on an unconfigured port is reported`() throws {
        var dialogue = Dialogue(FTPSTests.direct, policy: try FTPSTests.policy())
        for side in [Session.Side.client, .server] {
            dialogue.transmit(dialogue.segment(side, FTPSTests.hello))
        }
        for side in [Session.Side.client, .server, .client, .server] {
            dialogue.transmit(dialogue.segment(side, FTPSTests.data))
        }
        #expect(Self.told(dialogue).map(\.reason) == [.ftpsImplicit])
    }
}
