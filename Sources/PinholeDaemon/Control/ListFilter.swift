// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Messages

/// Which sessions a list is about.
package struct ListFilter: Hashable, Sendable {
    /// The client's address has to be in this range, as `ADDRESS` or `ADDRESS/LENGTH`.
    package var client: String?
    /// The address or network that has to contain the server's own address or the one that clients use.
    package var server: String?
    /// The user's name, as lists show it.
    package var user: String?

    /// Everything.
    package static let none = ListFilter()

    package init() {}

    /// Parses the words of a request; `nil` if they are wrong.
    ///
    /// The user comes last, since a name may contain blanks.
    init?(parsing text: Substring) {
        var rest = text
        for (name, place) in [("client=", \ListFilter.client), ("server=", \ListFilter.server)]
        where rest.hasPrefix(name) {
            let word = rest.dropFirst(name.count).prefix { $0 != " " }
            guard AddressPrefix(parsing: Array(word.utf8).span) != nil else { return nil }
            self[keyPath: place] = String(word)
            rest = rest[word.endIndex...].dropFirst()
        }
        if rest.hasPrefix("user=") {
            user = String(rest.dropFirst("user=".count))
            rest = ""
        }
        guard rest.isEmpty, line == text else { return nil }
    }

    /// The words of a request, the inverse of `init(parsing:)`; empty if everything is wanted.
    var line: String {
        [client.map { "client=\($0)" }, server.map { "server=\($0)" }, user.map { "user=\($0)" }]
            .compactMap(\.self).joined(separator: " ")
    }

    func matches(_ connection: ConnectionSummary) -> Bool {
        let (original, reply) = (connection.mapping.original, connection.mapping.reply)
        return Self.isIn(client, original.source)
            && user.map { $0 == Escaping.text(of: connection.user) } ?? true
            && (Self.isIn(server, original.destination) || Self.isIn(server, reply.source))
    }

    /// Tells whether the filter matches a refusal on this control connection; its user is not known.
    func matches(_ connection: Tuple) -> Bool {
        user == nil && Self.isIn(client, connection.source) && Self.isIn(server, connection.destination)
    }

    private static func isIn(_ range: String?, _ end: Endpoint) -> Bool {
        guard let range else { return true }
        return AddressPrefix(parsing: Array(range.utf8).span)?.contains(end.address) ?? false
    }
}
