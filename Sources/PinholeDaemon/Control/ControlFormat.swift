/// The format of an answer.
package enum ControlFormat: String, Hashable, Sendable {
    case text
    case json
}
