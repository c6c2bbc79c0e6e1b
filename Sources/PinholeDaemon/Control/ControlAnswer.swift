/// What the daemon answers to a request.
package enum ControlAnswer {
    /// The pieces of text of which the answer consists, each made when there is room for it; `nil` after the last.
    ///
    /// A table of all connections can be long: whole, it would fill memory and keep packets waiting.
    case pieces(() -> String?)
    /// Every event from now on, a line each.
    case events(EventFormat)
    /// What went wrong and how to fix it, the latter without a colon.
    case failure(String, hint: String)

    /// An answer of a single piece.
    package static func whole(_ text: String) -> ControlAnswer {
        var rest: String? = text
        return .pieces {
            defer { rest = nil }
            return rest
        }
    }

    /// An answer that lists elements: a line each as text; as JSON an array, a line for each element.
    package static func list<Element>(
        _ elements: [Element],
        _ format: ControlFormat,
        _ line: @escaping (Element) -> String
    ) -> ControlAnswer {
        var next = elements.startIndex
        var isOpen = true
        return .pieces {
            guard isOpen else { return nil }
            let isFirst = next == elements.startIndex
            guard next < elements.endIndex else {
                isOpen = false
                switch format {
                case .text: return nil
                case .json: return isFirst ? "[]\n" : "]\n"
                }
            }
            defer { next += 1 }
            switch format {
            case .text: return line(elements[next]) + "\n"
            case .json:
                return (isFirst ? "[" : "") + line(elements[next])
                    + (next + 1 < elements.endIndex ? ",\n" : "")
            }
        }
    }
}
