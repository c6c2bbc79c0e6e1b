/// Connections on which nobody has logged in yet, the one that has been silent longest in front.
///
/// They are linked in both directions, so that it takes as long to move one among a million as among two. The links are kept
/// here and not in the connections, most of which are logged in.
struct WaitingList {
    /// What knows its neighbours by their places; the one at place 0 is before the first and behind the last.
    private struct Link {
        var connection: Connection?
        var previous: Int
        var next: Int
    }

    private var links = [Link(connection: nil, previous: 0, next: 0)]
    /// Places that nobody has.
    private var free: [Int] = []

    /// The one that has been silent longest.
    var first: Connection? { links[links[0].next].connection }

    /// Adds a connection at the end, or moves it there.
    mutating func append(_ connection: Connection) {
        remove(connection)
        let link = Link(connection: connection, previous: links[0].previous, next: 0)
        let place = free.popLast() ?? links.count
        if place < links.count { links[place] = link } else { links.append(link) }
        links[link.previous].next = place
        links[0].previous = place
        connection.waitingPlace = place
    }

    /// Takes a connection out, if it is in the list.
    mutating func remove(_ connection: Connection) {
        guard connection.isWaiting else { return }
        let place = connection.waitingPlace
        let link = links[place]
        links[link.previous].next = link.next
        links[link.next].previous = link.previous
        links[place].connection = nil
        free.append(place)
        connection.waitingPlace = 0
    }
}
