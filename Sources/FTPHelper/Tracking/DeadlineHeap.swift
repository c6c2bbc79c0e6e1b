// SPDX-License-Identifier: GPL-2.0-or-later

/// A binary heap of connections with the earliest deadline first.
///
/// Each connection knows its place (`Connection.heapIndex`).
struct DeadlineHeap {
    private var connections: [Connection] = []

    var first: Connection? { connections.first }
    var count: Int { connections.count }

    func forEach(_ body: (Connection) -> Void) { connections.forEach(body) }

    /// Adds a connection, or moves it after its deadline changed.
    mutating func update(_ connection: Connection) {
        if connection.heapIndex < 0 {
            connection.heapIndex = connections.count
            connections.append(connection)
        }
        rise(from: connection.heapIndex)
        sink(from: connection.heapIndex)
    }

    /// Removes a connection if it is in the heap.
    mutating func remove(_ connection: Connection) {
        let index = connection.heapIndex
        guard index >= 0 else { return }
        connection.heapIndex = -1
        let last = connections.removeLast()
        guard last !== connection else { return }
        connections[index] = last
        last.heapIndex = index
        update(last)
    }

    private mutating func rise(from start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard connections[index].deadline < connections[parent].deadline else { return }
            exchange(index, parent)
            index = parent
        }
    }

    private mutating func sink(from start: Int) {
        var index = start
        while true {
            var least = index
            for child in 2 * index + 1...2 * index + 2
            where child < connections.count && connections[child].deadline < connections[least].deadline {
                least = child
            }
            guard least != index else { return }
            exchange(index, least)
            index = least
        }
    }

    private mutating func exchange(_ one: Int, _ other: Int) {
        connections.swapAt(one, other)
        connections[one].heapIndex = one
        connections[other].heapIndex = other
    }
}
