// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// An attack on the gateway: one end of a control connection is honest, the other sends what it likes, and bytes decide what.
///
/// The attacker knows everything of the honest end, and each of its packets can be made to end at the gateway. It has no power
/// over the honest end but by the rules of TCP, and over what that says but as a page, a file name or a command has it.
struct Attack: ~Copyable {
    /// What the path does to the honest end's next packets.
    enum Fate { case arrives, isLost, isHeld }

    var choices: Choices
    let words: AttackWords
    var gateway: AttackedGateway
    let side: Session.Side
    var honest: HonestTCP
    var application: HonestApplication
    /// How many connections it has had.
    var connections = 0
    let opensFast: Bool
    let segmentSize: Int
    /// The next daemon may lack a part of what the last one has kept.
    let losesState: Bool
    /// Set once the application knows that it is connected.
    var hasBegun = false
    var isClosing = false

    /// What the honest end announces, and where it asks for an announcement, with the offsets in its text behind these lines.
    var announced: [(port: UInt16, end: Int)] = []
    var asked: [Int] = []
    /// Offsets in its text where something begins that an attacker may have chosen.
    var marks: [Int] = []
    /// Expectations that were opened and may still be open.
    var rightful: [Expectation] = []

    /// Sequence number of the attacker's SYN, and what it has sent last.
    let attackerInitial: UInt32 = 0x1000
    var sent: [WireSegment] = []
    /// Offset in the honest end's text up to which the attacker has it, and whether it has ever said that it has more.
    var arrived = 0
    var hasLied = false
    /// Offset in the honest end's text up to which it may send; `nil` for all of it.
    var limit: Int?
    /// The honest end's packets that the path keeps.
    var held: [WireSegment] = []
    var fate = Fate.arrives
    var fateCount = 0

    /// What went wrong, as a sentence.
    var complaint: String?
    /// How many pinholes have been opened.
    var openings = 0
    /// Tells whether the connection might have been taken for one that began out of sight.
    var wasAdopted: Bool { gateway.mayBeAdopted }

    /// - Parameters:
    ///   - bytes: the surroundings, what the honest application is, and then what happens.
    ///   - policy: the policy, except for strict mode, which the bytes choose.
    init(_ bytes: [UInt8], policy: Policy = Policy()) {
        var choices = Choices(bytes)
        let setting = choices.next(of: 256)
        let more = choices.next(of: 256)
        let state = choices.next(of: 256)
        words = AttackWords.all[setting & 3]
        side = setting & 4 == 0 ? .client : .server
        var surroundings = AttackedGateway.Surroundings(mapping: words.mapping)
        surroundings.policy = policy
        surroundings.policy.rules.isStrict = setting & 8 != 0
        surroundings.isLiberal = setting & 16 != 0
        surroundings.dropsInvalid = setting & 32 != 0
        surroundings.bypasses = setting & 64 != 0
        losesState = state & 3 == 3
        surroundings.keepsRecords = state & 7 != 3
        gateway = AttackedGateway(surroundings)
        opensFast = more & 1 != 0
        segmentSize = [1460, 1460, 1460, 536, 100, 40, 20, 7][more >> 2 & 7]
        honest = HonestTCP(
            isServer: side == .server,
            initial: more & 2 == 0 ? 0xffff_ff80 : 0x4000_0000,
            segmentSize: segmentSize
        )
        application = Attack.application(side, more >> 5, words, &choices)
        self.choices = choices
    }

    /// Plays it to its end; returns what went wrong, or `nil`.
    mutating func play() -> String? {
        if side == .client {
            // The attacker may be the first to send something.
            for _ in 0..<max(0, choices.next(of: 16) - 12) { act() }
            connect()
        }
        while !choices.isOver, complaint == nil { act() }
        for expectation in gateway.expectations { judge(expectation) }
        return complaint
    }
}
