import CNetfilter
package import FTPHelper
package import Linux

/// Connections whose zone is not known: a queued packet does not tell the one that it is in.
extension Conntrack {
    /// What conntrack has of connections with that tuple, in zone 0 and in those in which any were seen so far.
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

    /// Begins to look for zones that were never seen: what `entries` finds afterwards may be in one of them.
    ///
    /// The kernel is asked for its whole table, of which it gathers a part each time that one is taken: some hundred entries,
    /// in about as many microseconds. A filter would have it pass over any number of others before it answers.
    package mutating func beginSearch() throws(SystemError) {
        try searcher.post(
            Conntrack.search,
            command: IPCTNL_MSG_CT_GET.rawValue,
            flags: NLM_F_DUMP,
            family: AF_UNSPEC
        ) { _ in }
        isSearching = true
    }

    /// Readable while a search has more to take.
    package var searchDescriptor: Int32 { searcher.fileDescriptor }

    /// Takes one part more of a search, and notice of the zones in it.
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

    /// Gives every connection of TCP that is established or shakes hands to `take`, and takes notice of all zones in which there is any.
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

    /// Takes notice of the zones of a connection.
    mutating func note(_ mapping: Mapping) {
        for zone in [mapping.original.zone, mapping.reply.zone] where zone != 0 && !zones.contains(zone) {
            zones.append(zone)
        }
    }
}

extension Span where Element == UInt8 {
    /// Tells whether an entry is in a zone besides 0, in either direction.
    fileprivate var hasZone: Bool {
        let all = 0..<count
        guard attribute(CTA_ZONE.rawValue, in: all) == nil else { return true }
        return [CTA_TUPLE_ORIG.rawValue, CTA_TUPLE_REPLY.rawValue].contains { type in
            attribute(type, in: all).flatMap { attribute(CTA_TUPLE_ZONE.rawValue, in: $0) } != nil
        }
    }
}
