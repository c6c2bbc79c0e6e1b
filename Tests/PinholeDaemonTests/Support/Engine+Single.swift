// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Netfilter
import PinholeDaemon
import TestPackets

extension Engine where System: ~Copyable {
    /// Rules over a packet of the control queue that has come by itself.
    mutating func control(_ packet: borrowing Span<UInt8>, at now: Instant) -> Ruling? {
        var verdicts = VerdictBatch(queue: 0)
        _ = control([QueuedPacket(id: 1, payload: 0..<packet.count)], in: packet, at: now, into: &verdicts)
        verdicts.finish()
        return Ruling.all(in: verdicts.bytes, on: [1])[0]
    }

    /// Processes what the client (0) and the server (1) say, in segments that follow each other.
    mutating func converse(
        _ lines: [(side: Int, text: String)],
        on mapping: Mapping,
        at now: Instant
    ) {
        var sent: [UInt32] = [1000, 5000]
        for (side, text) in lines {
            let bytes = packet(
                side == 0 ? mapping.original : mapping.reply,
                [.ack],
                sequence: sent[side],
                acknowledgement: sent[1 - side],
                text
            )
            _ = control(bytes.span, at: now)
            sent[side] += UInt32(text.utf8.count)
        }
    }

    /// Rules over a packet of the data queue that has come by itself.
    mutating func data(
        _ packet: borrowing Span<UInt8>,
        from interface: UInt32 = 0,
        at now: Instant
    ) -> Ruling? {
        var verdicts = VerdictBatch(queue: 0)
        let queued = QueuedPacket(id: 1, payload: 0..<packet.count, interface: interface)
        _ = data([queued], in: packet, at: now, into: &verdicts)
        verdicts.finish()
        return Ruling.all(in: verdicts.bytes, on: [1])[0]
    }
}
