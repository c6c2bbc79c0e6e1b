/// Who may have how many places at the control socket.
///
/// One user never takes the last place of another, nor those who watch the last place of their own user's short requests; and
/// whatever all the others do, root has places of its own.
enum ControlPlaces {
    /// Clients at once, of whatever users.
    ///
    /// An administrator has a few, a broken script any number.
    static let all = 64
    /// Those of them that only root gets.
    static let forRoot = 16
    /// Clients at once of a user who is not root.
    static let forOneUser = 16
    /// Clients of one user, root too, that watch events, which they do for as long as they like.
    static let forWatchers = 12
    /// Clients of a user who is not root with an answer that they have not read yet: a table of all connections is kept for
    /// each until then.
    static let forReaders = 4

    /// Why one more client of this user is not let in; `nil` if it is.
    static func refusal(of user: UInt32, among clients: some Collection<ControlSocketPeer>) -> ControlAnswer?
    {
        if user != 0, clients.count(where: { $0.user == user }) >= forOneUser {
            return .failure("too many clients of this user at the control socket", hint: "end some of them")
        }
        let others = clients.count { $0.user != 0 }
        guard clients.count < all, user == 0 || others < all - forRoot else {
            return .failure("too many clients at the control socket", hint: "end some of them")
        }
        return nil
    }

    /// Why a client that has a place does not get what it asks for; `nil` if it does.
    static func refusal(
        of request: ControlRequest,
        from client: ControlSocketPeer,
        among clients: some Collection<ControlSocketPeer>
    ) -> ControlAnswer? {
        let same = clients.filter { $0.user == client.user }
        if request.isWatch {
            guard same.count(where: \.isWatching) >= forWatchers else { return nil }
            return .failure("too many clients of this user watch events", hint: "end some of them")
        }
        guard client.user != 0, same.count(where: \.isAnswering) >= forReaders else { return nil }
        return .failure(
            "too many clients of this user have not read their answers",
            hint: "wait until they have, or end some of them"
        )
    }
}
