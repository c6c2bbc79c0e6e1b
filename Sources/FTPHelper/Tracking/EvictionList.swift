/// Connections that give way when there is no room for others, the one that goes first in front: among all, and among those
/// of each client.
///
/// They are linked in both directions, so that it takes as long to move one among a million as among two. The links are kept
/// here and not in the connections, most of which give way to nobody.
struct EvictionList {
    /// Why they give way; a connection may do so for either reason, and for both.
    enum Reason: Int {
        /// Nobody has logged in on them yet: the one that has been silent longest goes first.
        case waiting
        /// They are closed, or conntrack has forgotten them: the one of which that has been so for longest goes first.
        case closed
    }

    /// What knows its neighbours by their places: among all, where the one at place 0 is before the first and behind the last, and
    /// in the ring of its client.
    private struct Link {
        var connection: Connection?
        var previous: Int32 = 0
        var next: Int32 = 0
        var previousOwn: Int32 = 0
        var nextOwn: Int32 = 0
    }

    private let reason: Reason
    private var links = [Link()]
    /// Places that nobody has.
    private var free: [Int32] = []
    /// Where the first of each client is.
    private var firstPlaces: [Client: Int32] = [:]

    init(_ reason: Reason) { self.reason = reason }

    var first: Connection? { links[Int(links[0].next)].connection }

    func first(of client: Client) -> Connection? {
        firstPlaces[client].flatMap { links[Int($0)].connection }
    }

    /// Adds a connection at the end, or moves it there.
    mutating func append(_ connection: Connection) {
        remove(connection)
        let place = free.popLast() ?? Int32(links.count)
        if place == links.count { links.append(Link()) }
        let (client, last) = (connection.client, links[0].previous)
        var link = Link(connection: connection, previous: last, previousOwn: place, nextOwn: place)
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
        connection.yieldingPlaces[reason.rawValue] = place
    }

    /// Takes a connection out, if it is in the list.
    mutating func remove(_ connection: Connection) {
        let place = connection.yieldingPlaces[reason.rawValue]
        guard place > 0 else { return }
        let link = links[Int(place)]
        links[Int(link.previous)].next = link.next
        links[Int(link.next)].previous = link.previous
        links[Int(link.previousOwn)].nextOwn = link.nextOwn
        links[Int(link.nextOwn)].previousOwn = link.previousOwn
        let client = connection.client
        if firstPlaces[client] == place {
            firstPlaces[client] = link.nextOwn == place ? nil : link.nextOwn
        }
        links[Int(place)].connection = nil
        free.append(place)
        connection.yieldingPlaces[reason.rawValue] = 0
    }
}
