// SPDX-License-Identifier: GPL-2.0-or-later
import CAllocations
import FTPHelper
import Glibc

/// Many control connections behind SNAT, as a tracker of their own sees them.
struct Load: ~Copyable {
    /// One connection, as its client and server number their bytes.
    private struct Peers {
        let original: Tuple
        let reply: Tuple
        var client: UInt32 = 1000
        var server: UInt32 = 5000
        /// What the server has of the client, in its own numbering.
        var received: UInt32 = 1000
    }

    private var tracker: Tracker
    private var output = Output()
    private var arrivals: [HashedSegment?] = []
    private var connections: [Peers]
    private let now = Instant(nanoseconds: 1)

    init(connections count: Int) {
        var policy = Policy()
        policy.maximumConnections = count
        tracker = Tracker(policy: policy)
        let server = Endpoint(.v4(0x0a02_0002), 21)
        connections = (0..<UInt32(count)).map { number in
            // As behind a large gateway: a client each, and few addresses to the outside.
            let client = Endpoint(.v4(0x0a10_0000 + number), 40000)
            let shown = Endpoint(.v4(0xc0a8_0000 + number / 50000), UInt16(10000 + number % 50000))
            return Peers(
                original: Tuple(source: client, destination: server),
                reply: Tuple(source: server, destination: shown)
            )
        }
    }

    mutating func measure() -> Cost {
        var cost = Cost()
        let empty = callocations_bytes()
        for index in connections.indices {
            output.clear()
            let mapping = Mapping(original: connections[index].original, reply: connections[index].reply)
            tracker.noteEarlier(mapping)
            tracker.learn(mapping, hasKernelHelper: false, phase: .established, at: now, into: &output)
            pass(packet(index, fromClient: true, []))
        }
        cost.connectionBytes = (callocations_bytes() - empty) / UInt64(connections.count)

        // At most 100,000 of them, in an order that no cache foresees; once to warm up, once to measure.
        let order = Array(connections.indices.shuffled().prefix(100_000))
        _ = measure(order) { $0.exchange($1) }
        (cost.command, cost.allocations) = measure(order) { $0.exchange($1) }
        cost.loneCommand = measure(order, batch: 1) { $0.exchange($1) }.time

        // One that needs no edit, and then one that does.
        let idle = callocations_bytes()
        _ = measure(order) { $0.passive($1) }
        let expecting = callocations_bytes()
        cost.expectationBytes = (expecting - idle) / UInt64(order.count)
        closeExpectations()
        cost.port = measure(order) { [$0.packet($1, fromClient: true, $0.announcement($1))] }.time

        // The server acknowledges the longer line that it has got, and then says so again.
        countAnnouncements(order)
        _ = measure(order) { [$0.packet($1, fromClient: false, [])] }
        cost.editBytes = (callocations_bytes() - expecting) / UInt64(order.count)
        let shifted = measure(order) { [$0.packet($1, fromClient: false, [])] }
        cost.shiftedAcknowledgement = shifted.time
        cost.loneAcknowledgement = measure(order, batch: 1) { [$0.packet($1, fromClient: false, [])] }.time
        cost.allocations += shifted.allocations
        return cost
    }

    private mutating func closeExpectations() {
        var output = Output()
        _ = tracker.flush(into: &output)
    }

    /// Notes how much the servers have got of the lines that were rewritten.
    private mutating func countAnnouncements(_ order: [Int]) {
        let opened = Dictionary(uniqueKeysWithValues: tracker.expectations.map { ($0.master, $0.to) })
        for index in order {
            guard let endpoint = opened[connections[index].original] else { continue }
            connections[index].received &+= UInt32(announcement(naming: endpoint, index).count)
        }
    }

    /// Packets that come at once at the most, as from the daemon's queue.
    private static let batch = 32

    /// Passes the packets of so many connections; nanoseconds for each packet, and allocations for all.
    ///
    /// They are made a thousand connections at a time, so that what is measured is how the tracker finds its own memory:
    /// in the daemon, too, a packet has just been copied.
    private mutating func measure(
        _ order: [Int],
        batch size: Int = Load.batch,
        _ packets: (inout Load, Int) -> [[UInt8]]
    ) -> (time: UInt64, allocations: UInt64) {
        var time = 0
        var allocations: UInt64 = 0
        var count = 0
        for start in stride(from: 0, to: order.count, by: 1000) {
            var batch: [[UInt8]] = []
            for index in order[start..<min(start + 1000, order.count)] { batch += packets(&self, index) }
            var begin = timespec()
            var end = timespec()
            let before = callocations_count()
            // Sound: both calls write the one structure that they are given.
            _ = unsafe clock_gettime(CLOCK_MONOTONIC, &begin)
            if size == 1 {
                for packet in batch { pass(packet) }
            } else {
                for start in stride(from: 0, to: batch.count, by: size) {
                    pass(batch[start..<min(start + size, batch.count)])
                }
            }
            _ = unsafe clock_gettime(CLOCK_MONOTONIC, &end)
            allocations += callocations_count() - before
            time += (end.tv_sec - begin.tv_sec) * 1_000_000_000 + end.tv_nsec - begin.tv_nsec
            count += batch.count
        }
        return (UInt64(time / count), allocations)
    }

    private mutating func pass(_ packet: [UInt8]) {
        output.clear()
        _ = tracker.receive(packet.span, at: now, into: &output)
    }

    /// Passes packets that came at once.
    private mutating func pass(_ packets: ArraySlice<[UInt8]>) {
        arrivals.removeAll(keepingCapacity: true)
        for packet in packets { arrivals.append(HashedSegment(packet.span)) }
        tracker.prefetch(arrivals)
        for (packet, arrival) in zip(packets, arrivals) {
            output.clear()
            _ = tracker.receive(packet.span, arrival, at: now, into: &output)
        }
    }

    /// A command and its reply, each acknowledged.
    private mutating func exchange(_ index: Int) -> [[UInt8]] {
        [
            packet(index, fromClient: true, Array("NOOP\r\n".utf8)),
            packet(index, fromClient: false, []),
            packet(index, fromClient: false, Array("200 NOOP ok.\r\n".utf8)),
            packet(index, fromClient: true, []),
        ]
    }

    /// PASV and its reply, acknowledged.
    private mutating func passive(_ index: Int) -> [[UInt8]] {
        let port = 1024 + index % 60000
        let server = octets(connections[index].original.destination)
        let reply = "227 Here (\(server),\(port >> 8),\(port & 0xff))\r\n"
        return [
            packet(index, fromClient: true, Array("PASV\r\n".utf8)),
            packet(index, fromClient: false, Array(reply.utf8)),
            packet(index, fromClient: true, []),
        ]
    }

    private func octets(_ endpoint: Endpoint) -> String {
        "\(endpoint.address)".split(separator: ".").joined(separator: ",")
    }

    private func announcement(_ index: Int) -> [UInt8] {
        announcement(naming: Endpoint(connections[index].original.source.address, 5001), index)
    }

    private func announcement(naming endpoint: Endpoint, _ index: Int) -> [UInt8] {
        Array("PORT \(octets(endpoint)),\(endpoint.port >> 8),\(endpoint.port & 0xff)\r\n".utf8)
    }

    /// A segment of a connection, whose numbers then go on; its checksums are not filled in, for nobody looks.
    private mutating func packet(_ index: Int, fromClient: Bool, _ payload: [UInt8]) -> [UInt8] {
        let peers = connections[index]
        let tuple = fromClient ? peers.original : peers.reply
        let sequence = fromClient ? peers.client : peers.server
        let acknowledgement = fromClient ? peers.server : peers.received
        if fromClient {
            connections[index].client &+= UInt32(payload.count)
            // What is rewritten on its way is counted when its new length is known.
            if !payload.starts(with: "PORT".utf8) { connections[index].received &+= UInt32(payload.count) }
        } else {
            connections[index].server &+= UInt32(payload.count)
        }
        guard case (.v4(let source), .v4(let destination)) = (tuple.source.address, tuple.destination.address)
        else { return [] }
        return [0x45, 0] + bytes(UInt32(40 + payload.count), 2) + [0, 0, 0x40, 0, 64, 6, 0, 0]
            + bytes(source, 4) + bytes(destination, 4)
            + bytes(UInt32(tuple.source.port), 2) + bytes(UInt32(tuple.destination.port), 2)
            + bytes(sequence, 4) + bytes(acknowledgement, 4) + [0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0] + payload
    }

    private func bytes(_ value: UInt32, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * (count - 1 - $0))) }
    }
}
