// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Linux
import Netfilter

/// Queries conntrack about connections that are already followed.
extension Engine where System: ~Copyable {
    /// Reads the byte counters of a transfer's data connection and reports them to the tracker.
    mutating func measure(_ transfer: TransferSummary, at now: Instant) {
        guard let data = transfer.data else { return }
        do throws(SystemError) {
            // The tuple may have been reused by another connection.
            let entry = try kernel.entry(for: data.original).flatMap {
                $0.isData(of: transfer.master) ? $0 : nil
            }
            tracker.measured(
                transfer,
                entry?.traffic,
                isOver: entry?.isClosing ?? true,
                at: now,
                into: &output
            )
        } catch {
            count(.findConnection, at: now, error.description)
            tracker.measured(transfer, nil, isOver: true, at: now, into: &output)
        }
    }

    /// Checks whether conntrack still has a connection and reports the result to the tracker; an error reports nothing.
    mutating func verify(_ mapping: Mapping, at now: Instant) {
        do throws(SystemError) {
            if let entry = try kernel.entry(for: mapping.original), entry.isOf(mapping) {
                tracker.noteDirection(of: mapping, isReversed: entry.mapping != mapping, into: &output)
                tracker.learn(
                    mapping,
                    entryID: entry.id,
                    isHelped: entry.helper != nil,
                    shifted: entry.shifted,
                    hasMaster: entry.master != nil,
                    phase: .established,
                    at: now,
                    into: &output
                )
                if !entry.isEstablished { tracker.endSession(of: mapping, into: &output) }
            } else {
                tracker.forget(mapping, at: now, into: &output)
            }
        } catch {
            count(.findConnection, at: now, error.description)
        }
        look(at: tracker.dataConnections(of: mapping), at: now)
    }

    /// Checks data connections of encrypted sessions in conntrack and reports their state to the tracker.
    mutating func look(at connections: [Tuple], at now: Instant) {
        for tuple in connections {
            do throws(SystemError) {
                guard let entry = try dataEntry(of: tuple) else {
                    tracker.endDataConnection(tuple)
                    continue
                }
                if entry.hasSeenReply { tracker.confirm(tuple, at: now) } else { tracker.suspect(tuple) }
                guard entry.isOver else { continue }
                // The RST may have been seen by conntrack alone. The connection would go on without being counted.
                if entry.isCutOff { try kernel.delete(entry) }
                tracker.endDataConnection(tuple)
            } catch {
                count(.findConnection, at: now, error.description)
            }
        }
    }

    /// The conntrack entry of such a data connection; `nil` if its tuple was reused by a connection without a master.
    mutating func dataEntry(of tuple: Tuple) throws(SystemError) -> ConntrackEntry? {
        let entry = try kernel.entry(for: tuple)
        return entry?.mapping.original == tuple && entry?.master != nil ? entry : nil
    }
}

extension ConntrackEntry {
    /// Tells whether its master is the connection with that original tuple, in either direction: conntrack reverses an entry
    /// that it picks up again from a packet of the server.
    fileprivate func isData(of control: Tuple) -> Bool {
        master?.isAlike(control) == true || master?.isAlike(control.inverted) == true
    }
}
