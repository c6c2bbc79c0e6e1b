// SPDX-License-Identifier: GPL-2.0-or-later

/// The daemon's answer to a request on the control socket.
package enum ControlAnswer {
    /// Text in pieces, each made when the socket has room for it; `nil` after the last one.
    ///
    /// A table of all connections can be long. Made at once it would take much memory and delay packets.
    case pieces(() -> String?)
    /// Every event from now on, one per line.
    case events(EventFormat)
    /// Every change of the records from now on, after this first message.
    case records(Frame)
    /// An error and a hint; the hint contains no colon.
    case failure(String, hint: String)

    /// An answer in a single piece.
    package static func whole(_ text: String) -> ControlAnswer {
        var rest: String? = text
        return .pieces {
            defer { rest = nil }
            return rest
        }
    }

    /// A list of elements: one line each as text, or a JSON array with one line per element.
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
