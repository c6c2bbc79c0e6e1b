// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Netfilter
import PinholeDaemon

extension Engine where System: ~Copyable {
    /// Rules over a packet of the control queue that has come by itself.
    mutating func control(_ packet: borrowing Span<UInt8>, at now: Instant) -> Ruling? {
        var verdicts = VerdictBatch(queue: 0)
        _ = control([QueuedPacket(id: 1, payload: 0..<packet.count)], in: packet, at: now, into: &verdicts)
        verdicts.finish()
        return Ruling.all(in: verdicts.bytes, on: [1])[0]
    }

    /// The same for the data queue.
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
