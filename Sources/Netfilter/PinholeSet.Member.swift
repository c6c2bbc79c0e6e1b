import FTPHelper

extension PinholeSet {
    /// What a set has as members.
    enum Kind: CaseIterable {
        /// What a SYN must have: where it goes to, address and port, and where it comes from; and of watched control connections the
        /// same of the server's packets.
        case pinholes
        /// Where a SYN comes from.
        case sessions
    }

    /// A member of the set that is its own.
    enum Member {
        case pinhole(to: Endpoint, from: IPAddress)
        case session(IPAddress)

        /// What the SYN of an expected data connection has.
        static func pinhole(_ expectation: Expectation) -> Member {
            .pinhole(to: expectation.to, from: expectation.from)
        }

        /// What the server's packets have, in the set of expectations: there is nothing of the kind that they could be taken for.
        static func control(_ mapping: Mapping) -> Member {
            .pinhole(to: mapping.original.source, from: mapping.reply.source.address)
        }

        /// The set's family.
        var family: Family {
            switch self {
            case .pinhole(_, let from): Family(of: from)
            case .session(let address): Family(of: address)
            }
        }

        /// The set's name.
        var setName: String {
            switch self {
            case .pinhole: family.name(of: .pinholes)
            case .session: family.name(of: .sessions)
            }
        }
    }
}

extension PinholeSet.Family {
    /// What the set of a kind is called.
    func name(of kind: PinholeSet.Kind) -> String {
        switch kind {
        case .pinholes: name
        case .sessions: sessionsName
        }
    }
}
