/// How an answer of the daemon is written.
package enum ControlFormat: String, Hashable, Sendable {
    case text
    case json
}
