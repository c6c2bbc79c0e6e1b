import CNetfilter
package import FTPHelper

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

    /// The same in any zone, also in such as were never seen.
    ///
    /// The kernel goes through its whole table, once or twice: packets wait meanwhile, some 0.1 s for 100,000 entries.
    package mutating func search(for tuple: Tuple) throws(SystemError) -> [ConntrackEntry] {
        var entries: [ConntrackEntry] = []
        for (type, filter) in [
            (CTA_TUPLE_ORIG.rawValue, CTA_FILTER_ORIG_FLAGS.rawValue),
            (CTA_TUPLE_REPLY.rawValue, CTA_FILTER_REPLY_FLAGS.rawValue),
        ] {
            try socket.dump(
                "search conntrack",
                command: IPCTNL_MSG_CT_GET.rawValue,
                family: tuple.family
            ) {
                $0.put(type, tuple: tuple)
                $0.nest(CTA_FILTER.rawValue) { $0.put(filter, bytes: ports) }
            } _: { attributes in
                // Kernels before 5.8 do not know the filter, and tell of every entry.
                guard let entry = ConntrackEntry(parsing: attributes),
                    (type == CTA_TUPLE_ORIG.rawValue ? entry.mapping.original : entry.mapping.reply).isAlike(
                        tuple
                    )
                else { return }
                entries.append(entry)
            }
            // All that have the same addresses and ports have them in the same direction.
            if !entries.isEmpty { break }
        }
        for entry in entries { note(entry.mapping) }
        return entries
    }

    /// Takes notice of all zones in which there is any connection of TCP; of 100,000 it takes half a second.
    package mutating func findZones() throws(SystemError) {
        var found: Set<UInt16> = []
        try socket.dump(
            "list conntrack's zones",
            command: IPCTNL_MSG_CT_GET.rawValue,
            family: AF_UNSPEC
        ) { _ in
        } _: { attributes in
            guard let entry = ConntrackEntry(parsing: attributes) else { return }
            found.formUnion([entry.mapping.original.zone, entry.mapping.reply.zone])
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

/// `CTA_FILTER_F_...` of the protocol and both ports, in the order of this machine.
///
/// Where the filter is to compare addresses of IPv6, kernels take those that differ.
private let ports: [UInt8] = [0b11_1000, 0, 0, 0]
