import FTPHelper

extension PinholeSet {
    /// What a set has as members.
    enum Kind: CaseIterable {
        /// What a SYN must have: where it goes to, address and port, and where it comes from.
        case pinholes
        /// Where a SYN comes from.
        case sessions
    }

    /// A member of the set that is its own.
    enum Member {
        case pinhole(Expectation)
        case session(IPAddress)

        /// The set's family.
        var family: Family {
            switch self {
            case .pinhole(let expectation): Family(of: expectation.from)
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
