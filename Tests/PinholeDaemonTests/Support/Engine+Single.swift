// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Netfilter
import PinholeDaemon

extension Engine where System: ~Copyable {
    /// Rules over a packet that has come by itself.
    mutating func control(_ packet: borrowing Span<UInt8>, at now: Instant) -> PacketQueue.Verdict {
        let verdict = control([QueuedPacket(id: 1, payload: 0..<packet.count)], 0, in: packet, at: now)
        settle(at: now)
        return verdict
    }
}
