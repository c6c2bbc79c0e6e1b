// SPDX-License-Identifier: GPL-2.0-or-later

/// A binary heap of slots with the earliest deadline first.
///
/// Each slot knows its place (`ConnectionStore.Slot.heapIndex`).
struct DeadlineHeap {
    private var slots: [ConnectionStore.Slot] = []

    var first: ConnectionStore.Slot? { slots.first }
    var count: Int { slots.count }

    func forEach(_ body: (ConnectionStore.Slot) -> Void) { slots.forEach(body) }

    /// Adds a connection, or moves it after its deadline changed.
    mutating func update(_ slot: ConnectionStore.Slot) {
        if slot.heapIndex < 0 {
            slot.heapIndex = slots.count
            slots.append(slot)
        }
        rise(from: slot.heapIndex)
        sink(from: slot.heapIndex)
    }

    /// Removes a connection if it is in the heap.
    mutating func remove(_ slot: ConnectionStore.Slot) {
        let index = slot.heapIndex
        guard index >= 0 else { return }
        slot.heapIndex = -1
        let last = slots.removeLast()
        guard last !== slot else { return }
        slots[index] = last
        last.heapIndex = index
        update(last)
    }

    private mutating func rise(from start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard slots[index].connection.deadline < slots[parent].connection.deadline else { return }
            exchange(index, parent)
            index = parent
        }
    }

    private mutating func sink(from start: Int) {
        var index = start
        while true {
            var least = index
            for child in 2 * index + 1...2 * index + 2
            where child < slots.count && slots[child].connection.deadline < slots[least].connection.deadline {
                least = child
            }
            guard least != index else { return }
            exchange(index, least)
            index = least
        }
    }

    private mutating func exchange(_ one: Int, _ other: Int) {
        slots.swapAt(one, other)
        slots[one].heapIndex = one
        slots[other].heapIndex = other
    }
}
