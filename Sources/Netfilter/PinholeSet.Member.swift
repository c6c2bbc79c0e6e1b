// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

extension PinholeSet {
    /// The kinds of sets, by their members.
    enum Kind: CaseIterable {
        /// Destination address and port, and source address, of the SYN of an expected data connection, and of the server's
        /// packets on a watched control connection.
        case pinholes
        /// Source address of the SYNs of encrypted sessions.
        case sessions
    }

    /// A member of a set, which determines the set.
    enum Member: Hashable {
        case pinhole(to: Endpoint, from: IPAddress)
        case session(IPAddress)

        /// The member that matches the server's packets on a control connection, in the set of expectations.
        ///
        /// No expectation has the same destination and source, so the two cannot be confused.
        static func control(_ mapping: Mapping) -> Member {
            .pinhole(to: mapping.original.source, from: mapping.reply.source.address)
        }

        /// The family of the set.
        var family: Family {
            switch self {
            case .pinhole(_, let from): Family(of: from)
            case .session(let address): Family(of: address)
            }
        }

        /// The name of the set.
        var setName: String {
            switch self {
            case .pinhole: family.name(of: .pinholes)
            case .session: family.name(of: .sessions)
            }
        }
    }
}

extension PinholeSet.Family {
    /// The name of the set of a kind.
    func name(of kind: PinholeSet.Kind) -> String {
        switch kind {
        case .pinholes: name
        case .sessions: sessionsName
        }
    }
}
