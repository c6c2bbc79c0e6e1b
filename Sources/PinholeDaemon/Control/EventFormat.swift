/// How events are written.
package enum EventFormat: String, Hashable, Sendable, CaseIterable {
    case text
    case json
    /// Transfers of files alone, as FTP servers log them (xferlog(5)).
    case xferlog
}
