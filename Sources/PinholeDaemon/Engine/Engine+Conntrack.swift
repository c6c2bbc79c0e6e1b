// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Linux
import Netfilter

/// Queries conntrack about connections that are already followed.
extension Engine where System: ~Copyable {
    /// Looks up a transfer's data connection for the tracker.
    mutating func measure(_ transfer: TransferSummary, at now: Instant) {
        guard let data = transfer.data else { return }
        do throws(SystemError) {
            // The tuple may have been reused by another connection.
            let entry = try kernel.entry(for: data.original)
            let isData = entry?.isData(of: transfer.master) ?? false
            completions.append(.measured(transfer, isData ? entry?.ofTransfer ?? .gone : .gone))
        } catch {
            notices.count(.findConnection, at: now, error.description)
            completions.append(.measured(transfer, .unknown))
        }
    }

    /// Checks for the tracker whether conntrack still has a connection and its data connections; an error reports nothing.
    mutating func verify(_ mapping: Mapping, at now: Instant) {
        do throws(SystemError) {
            if let entry = try kernel.entry(for: mapping.original), entry.isOf(mapping) {
                completions.append(
                    .verified(
                        mapping,
                        .there(
                            entryID: entry.id,
                            hasKernelHelper: entry.helper != nil,
                            shifted: entry.shifted,
                            hasMaster: entry.master != nil,
                            isReversed: entry.mapping != mapping
                        )
                    )
                )
                if !entry.isEstablished { completions.append(.verified(mapping, .closing)) }
            } else {
                completions.append(.verified(mapping, .gone))
            }
        } catch {
            notices.count(.findConnection, at: now, error.description)
        }
        for data in tracker.dataConnections(of: mapping) {
            if let state = state(of: data, at: now) { completions.append(.looked(data, state)) }
        }
    }

    /// Checks data connections of encrypted sessions in conntrack and reports their state to the tracker.
    mutating func queryEntries(of connections: [Tuple], at now: Instant) {
        for data in connections {
            guard let state = state(of: data, at: now) else { continue }
            tracker.complete(.looked(data, state), at: now, into: &output)
        }
    }

    /// The state of a data connection of an encrypted session in conntrack; `nil` if it cannot be asked.
    private mutating func state(
        of data: Tuple,
        at now: Instant
    ) -> Completion.EncryptedDataConnection? {
        do throws(SystemError) {
            guard let entry = try dataEntry(of: data) else { return .ended(wasAnswered: false) }
            guard entry.isOver else {
                return entry.hasSeenReply
                    ? .answered : .unanswered(entry.openingStage ?? .unanswered, leaving: entry.leaving)
            }
            // The RST may have been seen by conntrack alone. The connection would go on without being counted.
            if entry.isCutOff { try kernel.delete(entry) }
            return .ended(wasAnswered: entry.hasSeenReply)
        } catch {
            notices.count(.findConnection, at: now, error.description)
            return nil
        }
    }

    /// The conntrack entry of a data connection of an encrypted session; `nil` if there is none, or if a connection without a
    /// master has reused its tuple.
    mutating func dataEntry(of tuple: Tuple) throws(SystemError) -> ConntrackEntry? {
        let entry = try kernel.entry(for: tuple)
        return entry?.mapping.original == tuple && entry?.master != nil ? entry : nil
    }
}

extension ConntrackEntry {
    /// The state of a transfer's data connection, for the tracker.
    fileprivate var ofTransfer: DataEntry {
        guard !isClosing else { return .there(traffic, .closing) }
        return .there(traffic, openingStage.map { .opening($0, leaving: leaving) } ?? .open)
    }

    /// The tuple with which the connection's SYN leaves the gateway, after NAT.
    fileprivate var leaving: Tuple { mapping.reply.inverted }

    /// Tells whether its master is the connection with that original tuple, in either direction: conntrack reverses an entry
    /// that it picks up again from a packet of the server.
    fileprivate func isData(of control: Tuple) -> Bool {
        master?.isAlike(control) == true || master?.isAlike(control.inverted) == true
    }
}
