// SPDX-License-Identifier: GPL-2.0-or-later

/// Limits how many clients of the control socket each user may have.
///
/// No user can take the last place of another user, and no watcher of events the last place for its own user's short requests.
/// Some places are reserved for root.
enum ControlPlaces {
    /// Maximum number of clients of all users together.
    ///
    /// An administrator needs a few; a broken script opens any number.
    static let all = 64
    /// How many of these are reserved for root.
    static let forRoot = 16
    /// Maximum number of clients of a user other than root.
    static let forOneUser = 16
    /// Maximum number of event watchers per user, root included; watchers stay as long as they like.
    static let forWatchers = 12
    /// Maximum number of clients, of a user other than root, that have not read their answer yet; each may hold a table of all
    /// connections in memory.
    static let forReaders = 4

    /// The error for one more client of this user; `nil` if there is a place.
    static func refusal(of user: UInt32, among clients: some Collection<ControlSocketPeer>) -> ControlAnswer?
    {
        if user != 0, clients.count(where: { $0.user == user }) >= forOneUser {
            return .failure("too many clients of this user at the control socket", hint: "close some of them")
        }
        let others = clients.count { $0.user != 0 }
        guard clients.count < all, user == 0 || others < all - forRoot else {
            return .failure("too many clients at the control socket", hint: "close some of them")
        }
        return nil
    }

    /// The error for a request of a connected client; `nil` if the request is allowed.
    static func refusal(
        of request: ControlRequest,
        from client: ControlSocketPeer,
        among clients: some Collection<ControlSocketPeer>
    ) -> ControlAnswer? {
        let same = clients.filter { $0.user == client.user }
        if request.isWatch {
            guard same.count(where: \.isWatching) >= forWatchers else { return nil }
            return .failure("too many clients of this user watch events", hint: "close some of them")
        }
        guard client.user != 0, same.count(where: \.isAnswering) >= forReaders else { return nil }
        return .failure(
            "too many clients of this user have not read their answers",
            hint: "wait, or close some of them"
        )
    }
}
