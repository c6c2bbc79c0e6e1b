// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// Several transfers in a row, sizes, offsets, and bounds.
extension TransferTests {
    @Test func `each of several transfers in a row is reported once`() {
        var dialogue = Dialogue.ready(snat)
        for number in 1...5 {
            dialogue.send(.client, "EPSV\r\n")
            dialogue.send(.server, "229 ok (|||5001|)\r\n")
            dialogue.send(.client, "RETR \(number)\r\n")
            Self.connect(&dialogue, Self.passiveSYN)
            dialogue.send(.server, "150 here\r\n")
            dialogue.send(.server, "226 done\r\n")
            Self.answer(&dialogue, Self.traffic(original: 0, reply: UInt64(number)))
        }
        #expect(
            Self.ended(dialogue).map { String(decoding: $0.path, as: UTF8.self) } == [
                "1", "2", "3", "4", "5",
            ]
        )
        #expect(Self.ended(dialogue).map(\.moved) == [1, 2, 3, 4, 5])
        #expect(Self.ended(dialogue).map { $0.data?.id } == [1, 2, 3, 4, 5])
    }

    @Test func `the next announcement ends the wait for the last transfer`() {
        var dialogue = Self.active()
        dialogue.send(.server, "226 done\r\n")
        Self.answer(&dialogue, Self.traffic(original: 1000, reply: 0), isOver: false)
        dialogue.send(.client, Self.port)
        Self.answer(&dialogue, Self.traffic(original: 2000, reply: 0), isOver: false, times: 1)
        #expect(Self.ended(dialogue).map(\.moved) == [2000])
        #expect(dialogue.tracker.transferCount == 0)
    }

    @Test func `of pipelined transfers only the data connections are known`() {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, "EPSV\r\nRETR a\r\nEPSV\r\nRETR b\r\n")
        for number in 0..<2 {
            dialogue.send(.server, "229 ok (|||5001|)\r\n")
            Self.connect(&dialogue, Self.passiveSYN)
            dialogue.send(.server, "150 here\r\n226 done\r\n")
            Self.answer(&dialogue, Self.traffic(original: 0, reply: UInt64(number)))
        }
        dialogue.send(.client, "EPSV\r\n")
        dialogue.send(.server, "229 ok (|||5001|)\r\n")
        Self.connect(&dialogue, Self.passiveSYN)
        Self.answer(&dialogue, Self.traffic(original: 0, reply: 1))
        #expect(Self.ended(dialogue).map(\.command) == [.retr, nil])
        #expect(Self.ended(dialogue).map(\.moved) == [0, 1])
    }

    @Test func `a transfer whose reply is lost does not affect later ones`() {
        var dialogue = Self.active()
        // The reply to PASV puts an end to waiting for what should have come before.
        dialogue.send(.client, "ABOR\r\nPASV\r\n")
        dialogue.send(.server, "227 ok (10,2,0,2,19,137)\r\n")
        Self.connect(&dialogue, Self.passiveSYN)
        dialogue.send(.client, "RETR next\r\n")
        dialogue.send(.server, "226 done\r\n")
        Self.answer(&dialogue, Self.traffic(original: 0, reply: 9))
        #expect(
            Self.ended(dialogue).map { String(decoding: $0.path, as: UTF8.self) } == ["pub/file", "next"]
        )
        #expect(Self.ended(dialogue).map(\.isComplete) == [false, true])
        #expect(dialogue.tracker.transferCount == 0)
    }

    // MARK: Size and offset

    @Test func `the size comes from SIZE for the same file, or else from the server's first reply`() {
        let dialogues: [(lines: [String], size: UInt64?, offset: UInt64)] = [
            (["CSIZE f", "S213 70", "CRETR f", "S150 here (30 bytes)"], 70, 0),
            (["CSIZE f", "S213 70", "CREST 40", "S350 ok", "CRETR f", "S150 here (30 bytes)"], 70, 40),
            (["CSIZE g", "S213 70", "CRETR f", "S150 here (30 bytes)"], 30, 0),
            (["CSIZE g", "S213 70", "CRETR f", "S150 here"], nil, 0),
            (["CSIZE f", "S550 no", "CRETR f", "S150 here"], nil, 0),
            (
                ["CSIZE f", "S213 99999999999999999999", "CRETR f", "S150 (18446744073709551615 bytes)"],
                .max, 0
            ),
            (["CREST 18446744073709551616", "S350 ok", "CRETR f", "S125 open (1 bytes)"], 1, 0),
            (["CREST x", "S501 no", "CRETR f", "S150 (1 bytes"], 1, 0),
            (["CRETR f", "S150 (1 byte)"], nil, 0),
            (["CRETR f", "S150 ( bytes)"], nil, 0),
            (["CSIZE f", "S213 70", "CLIST f", "S150 here"], nil, 0),
        ]
        for (lines, size, offset) in dialogues {
            var dialogue = Dialogue.ready(snat)
            for line in lines {
                dialogue.send(line.hasPrefix("C") ? .client : .server, "\(line.dropFirst())\r\n")
            }
            #expect(dialogue.tracker.transfers.map(\.size) == [size], "\(lines)")
            #expect(dialogue.tracker.transfers.map(\.offset) == [offset], "\(lines)")
        }
    }

    @Test func `progress counts the offset of REST and never exceeds the total`() {
        var dialogue = Self.active("SIZE f")
        dialogue.send(.server, "213 1000\r\n")
        dialogue.send(.client, "REST 500\r\n")
        dialogue.send(.server, "350 ok\r\n")
        dialogue.send(.client, "RETR f\r\n")
        func progress(_ dialogue: inout Dialogue, _ bytes: UInt64) -> Double? {
            dialogue.wait(seconds: 60)
            Self.answer(&dialogue, Self.traffic(original: bytes, reply: 0), isOver: false, times: 1)
            return dialogue.tracker.transfers.first?.progress
        }
        #expect(progress(&dialogue, 250) == 0.75)
        #expect(progress(&dialogue, 500) == 1)
        #expect(progress(&dialogue, 5000) == 1)
    }

    @Test func `a command without a data connection is no transfer`() {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, "SIZE f\r\nREST 1\r\nTYPE I\r\n")
        dialogue.send(.server, "213 1\r\n350 ok\r\n200 ok\r\n")
        #expect(dialogue.tracker.transfers.isEmpty && dialogue.tracker.transferCount == 0)
        dialogue.send(.client, "", flags: [.ack, .rst])
        #expect(Self.ended(dialogue).isEmpty)
    }

    @Test func `no transfer is recognised before the login or inside TLS`() {
        var dialogue = Dialogue(snat)
        dialogue.send(.server, "220 ready\r\n")
        dialogue.send(.client, "RETR f\r\n")
        dialogue.send(.server, "530 log in\r\n")
        dialogue.send(.client, "AUTH TLS\r\n")
        dialogue.send(.server, "234 ok\r\n")
        dialogue.send(.client, "\u{16}\u{3}\u{1}\u{0}\u{2}RE")
        #expect(dialogue.tracker.transferCount == 0)
        #expect(Self.ended(dialogue).isEmpty)
    }

    // MARK: Bounds

    @Test func `a path and a reply are kept up to a bound`() {
        var dialogue = Self.active("RETR " + String(repeating: "x", count: 4000))
        dialogue.send(.server, "226 " + String(repeating: "y", count: 4000) + "\r\n")
        Self.answer(&dialogue, nil)
        #expect(Self.ended(dialogue).map(\.path.count) == [255])
        #expect(Self.ended(dialogue).map(\.reply.count) == [120])
    }
}
