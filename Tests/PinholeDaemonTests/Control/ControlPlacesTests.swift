// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import Testing

@testable import PinholeDaemon

/// The allocation of places at the control socket between users, without a socket.
@Suite struct ControlPlacesTests {
    /// Clients of one user; those with an answer are about to send it.
    private func clients(_ count: Int, of user: UInt32, _ answer: ControlAnswer? = nil) throws
        -> [ControlSocketPeer]
    {
        try (0..<count).map { _ in
            let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            try #require(number >= 0)
            let client = ControlSocketPeer(
                SocketStream(adopting: number),
                of: user,
                at: Instant(nanoseconds: 0)
            )
            if let answer { client.begin(answer) }
            return client
        }
    }

    private func message(_ refusal: ControlAnswer?) -> String? {
        guard case .failure(let message, _) = refusal else { return nil }
        return message
    }

    @Test func `one user cannot use up the places of another`() throws {
        let greedy = try clients(ControlPlaces.forOneUser, of: 1000)
        #expect(
            message(ControlPlaces.refusal(of: 1000, among: greedy))
                == "too many clients of this user at the control socket"
        )
        #expect(ControlPlaces.refusal(of: 1001, among: greedy) == nil)
        #expect(ControlPlaces.refusal(of: 1000, among: greedy.dropLast()) == nil)
    }

    @Test func `all other users together cannot use up the places of root`() throws {
        let crowd = try (1...ControlPlaces.all).flatMap { try clients(1, of: UInt32($0)) }
        let others = crowd.prefix(ControlPlaces.all - ControlPlaces.forRoot)
        let full = "too many clients at the control socket"
        #expect(message(ControlPlaces.refusal(of: 5000, among: others)) == full)
        let roots = try clients(ControlPlaces.forRoot, of: 0)
        #expect(ControlPlaces.refusal(of: 0, among: others + roots.dropLast()) == nil)
        #expect(message(ControlPlaces.refusal(of: 0, among: others + roots)) == full)
    }

    @Test(arguments: [0, 1000] as [UInt32])
    func `watchers leave places for short requests of the same user`(_ user: UInt32) throws {
        let watchers = try clients(ControlPlaces.forWatchers, of: user, .events(.text))
        let client = try clients(1, of: user)[0]
        let all = watchers + [client]
        #expect(ControlPlaces.refusal(of: user, among: watchers) == nil)
        #expect(
            message(ControlPlaces.refusal(of: .events(.json), from: client, among: all))
                == "too many clients of this user watch events"
        )
        #expect(ControlPlaces.refusal(of: .reload, from: client, among: all) == nil)
        #expect(ControlPlaces.refusal(of: .events(.json), from: client, among: all.dropFirst()) == nil)
        let other = try clients(1, of: 1001)[0]
        #expect(ControlPlaces.refusal(of: .events(.json), from: other, among: all + [other]) == nil)
    }

    @Test func `a user whose clients do not read their answers gets no more, unless it is root`() throws {
        for user in [0, 1000] as [UInt32] {
            let readers = try clients(ControlPlaces.forReaders, of: user, .whole("x"))
            let client = try clients(1, of: user)[0]
            let all = readers + [client]
            let refusal = ControlPlaces.refusal(of: .connections(.json), from: client, among: all)
            #expect((refusal == nil) == (user == 0))
        }
    }
}
