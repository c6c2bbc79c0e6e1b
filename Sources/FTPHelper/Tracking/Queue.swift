/// First in, first out, over an array.
struct Queue<Element> {
    private var elements: [Element] = []
    /// How many at the start of `elements` have been taken.
    private var taken = 0

    var first: Element? { taken < elements.count ? elements[taken] : nil }
    var count: Int { elements.count - taken }

    mutating func append(_ element: Element) { elements.append(element) }

    /// Takes the first element, if there is one.
    mutating func removeFirst() {
        guard taken < elements.count else { return }
        taken += 1
        // Moving the rest up half as seldom as there are elements to move costs one move an element.
        guard taken * 2 >= elements.count else { return }
        elements.removeFirst(taken)
        taken = 0
    }
}
