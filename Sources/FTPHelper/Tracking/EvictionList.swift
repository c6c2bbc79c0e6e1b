// SPDX-License-Identifier: GPL-2.0-or-later

/// Connections that may be evicted when the table is full, in the order in which they are evicted, over all
/// clients and for each client.
///
/// The list is doubly linked, so moving a connection is O(1). The links are stored here and not in the
/// connections, because most connections are in no list.
struct EvictionList {
    /// Why a connection may be evicted; both reasons may apply.
    enum Reason: Int {
        /// Without a login. The connection that has been silent for longest goes first.
        case waiting
        /// Closed, or forgotten by conntrack. The connection that has been so for longest goes first.
        case closed
    }

    /// An entry with the places of its neighbours: in the whole list, where place 0 is both before the first
    /// and behind the last entry, and in the ring of its client.
    private struct Link {
        var slot: ConnectionStore.Slot?
        var previous: Int32 = 0
        var next: Int32 = 0
        var previousOwn: Int32 = 0
        var nextOwn: Int32 = 0
    }

    private let reason: Reason
    private var links = [Link()]
    /// Unused places.
    private var free: [Int32] = []
    /// The place of each client's first entry.
    private var firstPlaces: [Client: Int32] = [:]

    init(_ reason: Reason) { self.reason = reason }

    /// The connection that is evicted first.
    var first: ConnectionStore.Slot? { links[Int(links[0].next)].slot }

    /// The connection of a client that is evicted first.
    func first(of client: Client) -> ConnectionStore.Slot? {
        firstPlaces[client].flatMap { links[Int($0)].slot }
    }

    /// Appends a connection, or moves it to the end.
    mutating func append(_ slot: ConnectionStore.Slot) {
        remove(slot)
        let place = free.popLast() ?? Int32(links.count)
        if place == links.count { links.append(Link()) }
        let (client, last) = (slot.connection.client, links[0].previous)
        var link = Link(slot: slot, previous: last, previousOwn: place, nextOwn: place)
        links[Int(last)].next = place
        links[0].previous = place
        if let first = firstPlaces[client] {
            link.previousOwn = links[Int(first)].previousOwn
            link.nextOwn = first
            links[Int(link.previousOwn)].nextOwn = place
            links[Int(first)].previousOwn = place
        } else {
            firstPlaces[client] = place
        }
        links[Int(place)] = link
        slot.yieldingPlaces[reason.rawValue] = place
    }

    /// Removes a connection if it is in the list.
    mutating func remove(_ slot: ConnectionStore.Slot) {
        let place = slot.yieldingPlaces[reason.rawValue]
        guard place > 0 else { return }
        let link = links[Int(place)]
        links[Int(link.previous)].next = link.next
        links[Int(link.next)].previous = link.previous
        links[Int(link.previousOwn)].nextOwn = link.nextOwn
        links[Int(link.nextOwn)].previousOwn = link.previousOwn
        let client = slot.connection.client
        if firstPlaces[client] == place {
            firstPlaces[client] = link.nextOwn == place ? nil : link.nextOwn
        }
        links[Int(place)].slot = nil
        free.append(place)
        slot.yieldingPlaces[reason.rawValue] = 0
    }
}
