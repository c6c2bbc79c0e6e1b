// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
package import FTPHelper
package import Linux

/// Conntrack zones: a queued packet does not tell its zone, so connections are looked up in every zone seen so far.
extension Conntrack {
    /// Returns the entries with a tuple, in zone 0 and in every zone in which a connection was seen so far.
    package mutating func entries(of tuple: Tuple) throws(SystemError) -> [ConntrackEntry] {
        var tuple = tuple
        tuple.zone = 0
        var entries: [ConntrackEntry] = []
        if let entry = try entry(for: tuple) { entries.append(entry) }
        for zone in zones {
            tuple.zone = zone
            if let entry = try entry(for: tuple) { entries.append(entry) }
        }
        return entries
    }

    /// Starts a search for zones that were not seen so far, which `entries` then looks into.
    ///
    /// It dumps the whole table. The kernel prepares about a hundred entries each time that a part is received, which
    /// takes about a hundred microseconds. With a filter it could skip any number of entries before it answers.
    package mutating func beginSearch() throws(SystemError) {
        try searcher.post(
            Conntrack.search,
            command: IPCTNL_MSG_CT_GET.rawValue,
            flags: NLM_F_DUMP,
            family: AF_UNSPEC
        ) { _ in }
        isSearching = true
    }

    /// The socket of the search, for `epoll`: readable while the search goes on.
    package var searchDescriptor: Int32 { searcher.fileDescriptor }

    /// Receives the next part of the search and notes the zones in it.
    package mutating func continueSearch() throws(SystemError) {
        var found: [Mapping] = []
        do {
            let isOver = try searcher.takePart(Conntrack.search) { attributes in
                guard attributes.hasZone, let entry = ConntrackEntry(parsing: attributes) else { return }
                found.append(entry.mapping)
            }
            if isOver { isSearching = false }
        } catch {
            isSearching = false
            throw error
        }
        for mapping in found { note(mapping) }
    }

    private static var search: String { "search conntrack's zones" }

    /// Passes every TCP connection that is established or in its handshake to `take`, and replaces the list of known zones.
    package mutating func survey(_ take: (ConntrackEntry) -> Void) throws(SystemError) {
        var found: Set<UInt16> = []
        try socket.dump(
            "list conntrack's connections",
            command: IPCTNL_MSG_CT_GET.rawValue,
            family: AF_UNSPEC
        ) { _ in
        } _: { attributes in
            guard let entry = ConntrackEntry(parsing: attributes) else { return }
            found.formUnion([entry.mapping.original.zone, entry.mapping.reply.zone])
            if entry.phase == .established || entry.isShakingHands { take(entry) }
        }
        zones = found.subtracting([0]).sorted()
    }

    /// Adds the zones of a connection to the list of known zones.
    mutating func note(_ mapping: Mapping) {
        for zone in [mapping.original.zone, mapping.reply.zone] where zone != 0 && !zones.contains(zone) {
            zones.append(zone)
        }
    }
}

extension Span where Element == UInt8 {
    /// Whether an entry has a zone other than 0 in either direction.
    fileprivate var hasZone: Bool {
        let all = 0..<count
        guard attribute(CTA_ZONE.rawValue, in: all) == nil else { return true }
        return [CTA_TUPLE_ORIG.rawValue, CTA_TUPLE_REPLY.rawValue].contains { type in
            attribute(type, in: all).flatMap { attribute(CTA_TUPLE_ZONE.rawValue, in: $0) } != nil
        }
    }
}
