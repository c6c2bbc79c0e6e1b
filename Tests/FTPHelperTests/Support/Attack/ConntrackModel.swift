// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// What conntrack makes of the packets of one connection (`nf_conntrack_proto_tcp.c`), without window scaling, SACK and time.
///
/// Where it leaves something out it takes a packet for valid that conntrack might not: an attacker has more to try then.
struct ConntrackModel {
    /// `enum tcp_conntrack`, and what its table has besides.
    private enum State: UInt8 {
        case none, synSent, synReceived, established, finWait, closeWait, lastAck, timeWait, close, synSent2
        case invalid, ignored
    }

    /// `enum tcp_bit_set`.
    private enum Kind: Int { case syn, synAck, fin, ack, rst, none }

    /// The state of one direction (`struct ip_ct_tcp_state`).
    private struct Half {
        var end: UInt32 = 0
        var maximumEnd: UInt32 = 0
        var maximumWindow: UInt32 = 0
        var maximumAcknowledgement: UInt32?
        var hasBegunClosing = false
    }

    /// `struct nf_conn`.
    private struct Entry {
        var state = State.none
        /// The server's first packet made the entry, so that it is not the entry of a control connection.
        let isReversed: Bool
        let id: UInt32
        /// The original direction, and the reply direction.
        var halves = (Half(), Half())
        var isLiberal = false
        var hasSeenReply = false
        var isSimultaneous = false
        var lastKind = Kind.none
        var lastIsOriginal = true
        var lastEnd: UInt32 = 0
        var lastWindow: UInt32 = 0
    }

    /// What becomes of a packet.
    enum Ruling {
        /// It has the state NEW or ESTABLISHED, in a connection to the control port.
        case queued
        /// It is of a connection to another port, as far as conntrack knows.
        case passes
        /// It has the state INVALID, and no NAT.
        case invalid
    }

    private var entry: Entry?
    private var lastID: UInt32 = 0
    /// `nf_conntrack_tcp_be_liberal`.
    private let isLiberal: Bool
    /// A packet of the server that begins a connection is not for the client.
    private let isTranslated: Bool

    init(isLiberal: Bool, isTranslated: Bool) {
        self.isLiberal = isLiberal
        self.isTranslated = isTranslated
    }

    /// The id of the entry (`CTA_ID`) and the phase of the connection; `nil` without an entry.
    var found: (id: UInt32, phase: ConntrackPhase, isShakingHands: Bool, isReversed: Bool)? {
        entry.map { entry in
            let phase: ConntrackPhase =
                switch entry.state {
                case .synReceived: .opening
                case .established: .established
                default: .other
                }
            let isShakingHands = [.synSent, .synSent2, .synReceived].contains(entry.state)
            return (entry.id, phase, isShakingHands, entry.isReversed)
        }
    }

    /// Forgets the connection (`conntrack -F`, or its time is over).
    mutating func flush() { entry = nil }

    /// `Action.beLiberal`.
    mutating func beLiberal() { entry?.isLiberal = true }

    /// A packet comes by.
    mutating func take(_ segment: WireSegment, from side: Session.Side) -> Ruling {
        let kind = ConntrackModel.kind(of: segment)
        guard ConntrackModel.isValid(segment.flags) else { return .invalid }
        // Once more if a closed connection begins anew.
        for _ in 0..<2 {
            guard let known = entry else {
                guard side == .client || !isTranslated, create(segment, kind, from: side) else {
                    return .invalid
                }
                continue
            }
            let isOriginal = (side == .client) != known.isReversed
            guard let isValid = advance(segment, kind, isOriginal: isOriginal) else { continue }
            guard isValid else { return .invalid }
            return known.isReversed ? .passes : .queued
        }
        return .invalid
    }

    /// Makes an entry of a connection's first packet (`tcp_new`).
    private mutating func create(_ segment: WireSegment, _ kind: Kind, from side: Session.Side) -> Bool {
        guard ConntrackModel.next(.none, kind, isOriginal: true) != .invalid else { return false }
        // What one daemon has seen an entry be, no other entry is.
        lastID += 1
        var made = Entry(isReversed: side == .server, id: lastID)
        made.halves.0.end = segment.end
        made.halves.0.maximumEnd = segment.end &+ (kind == .syn ? 0 : UInt32(segment.window))
        made.halves.0.maximumWindow = max(1, UInt32(segment.window))
        // A connection in progress is accepted as it is.
        made.isLiberal = kind != .syn
        entry = made
        return true
    }

    /// Takes a packet into the entry (`nf_conntrack_tcp_packet`); whether it is valid, `nil` if the entry is no more.
    private mutating func advance(_ segment: WireSegment, _ kind: Kind, isOriginal: Bool) -> Bool? {
        guard var known = entry else { return nil }
        var old = known.state
        var new = ConntrackModel.next(old, kind, isOriginal: isOriginal)
        if new == .synSent, old == .timeWait || old == .close {
            entry = nil
            return nil
        }
        if new == .synSent2 { known.isSimultaneous = true }
        if new == .synReceived, kind == .ack, !isOriginal, known.isSimultaneous { new = .established }
        if new == .ignored {
            guard kind == .synAck, known.lastKind == .syn, known.lastIsOriginal != isOriginal,
                segment.acknowledgement == known.lastEnd
            else {
                known.lastKind = kind
                known.lastIsOriginal = isOriginal
                known.lastEnd = segment.end
                known.lastWindow = UInt32(segment.window)
                entry = known
                return true
            }
            // It answers a SYN that was ignored: both ends are in step, and conntrack follows.
            old = .synSent
            new = .synReceived
            var half = Half()
            half.end = known.lastEnd
            half.maximumEnd = known.lastEnd
            half.maximumWindow = max(1, known.lastWindow)
            known.halves = isOriginal ? (Half(), half) : (half, Half())
        }
        guard new != .invalid else { return false }
        if kind == .rst {
            let other = isOriginal ? known.halves.1 : known.halves.0
            if let acknowledged = other.maximumAcknowledgement {
                guard !ConntrackModel.isBefore(segment.sequence, acknowledged) else { return false }
                // The receiver answers any other with a challenge, if it is in the window.
                if segment.sequence != acknowledged { new = old }
            }
        }
        guard isInWindow(segment, kind, isOriginal: isOriginal, old, &known) || known.isLiberal || isLiberal
        else { return false }
        known.lastKind = kind
        known.lastIsOriginal = isOriginal
        known.state = new
        // If nothing but an RST has come back, it is gone at once.
        let isGone = kind == .rst && !known.hasSeenReply
        if !isOriginal { known.hasSeenReply = true }
        entry = isGone ? nil : known
        return true
    }

    /// `tcp_in_window`.
    private func isInWindow(
        _ segment: WireSegment,
        _ kind: Kind,
        isOriginal: Bool,
        _ old: State,
        _ known: inout Entry
    ) -> Bool {
        var sender = isOriginal ? known.halves.0 : known.halves.1
        var receiver = isOriginal ? known.halves.1 : known.halves.0
        var sequence = segment.sequence
        var end = segment.end
        let window = UInt32(segment.window)
        let isSYN = segment.flags.contains(.syn)
        if sender.maximumWindow == 0 {
            sender.end = end
            sender.maximumWindow = max(1, window)
            sender.maximumEnd = isSYN ? end : end &+ sender.maximumWindow
            if !isSYN, receiver.maximumWindow == 0 {
                receiver.end = segment.acknowledgement
                receiver.maximumEnd = segment.acknowledgement
            }
        } else if (old == .synSent && isOriginal || old == .synReceived && !isOriginal)
            && ConntrackModel.isBefore(sender.end, end)
        {
            sender.end = end
            sender.maximumEnd = end
            sender.maximumWindow = max(1, window)
        }
        let hasACK = segment.flags.contains(.ack)
        let acknowledgement =
            hasACK && !(kind == .rst && segment.acknowledgement == 0) ? segment.acknowledgement : receiver.end
        if sequence == end, kind != .rst {
            sequence = sender.end
            end = sender.end
        }
        let isIn =
            ConntrackModel.isBefore(sequence, sender.maximumEnd &+ 1)
            && ConntrackModel.isBefore(sender.end &- receiver.maximumWindow &- 1, end)
            && ConntrackModel.isBefore(acknowledgement, receiver.end &+ 1)
            && ConntrackModel.isBefore(receiver.end &- 66_000 &- 1, acknowledgement)
        guard isIn else { return false }
        sender.maximumWindow = max(sender.maximumWindow, window)
        if ConntrackModel.isBefore(sender.end, end) { sender.end = end }
        if hasACK {
            let highest = sender.maximumAcknowledgement ?? acknowledgement
            sender.maximumAcknowledgement =
                ConntrackModel.isBefore(highest, acknowledgement) ? acknowledgement : highest
        }
        if receiver.maximumWindow != 0, ConntrackModel.isBefore(sender.maximumEnd, end) {
            receiver.maximumWindow &+= end &- sender.maximumEnd
        }
        if !ConntrackModel.isBefore(acknowledgement &+ window, receiver.maximumEnd) {
            receiver.maximumEnd = acknowledgement &+ max(1, window)
        }
        known.halves = isOriginal ? (sender, receiver) : (receiver, sender)
        return true
    }

    private static func isBefore(_ one: UInt32, _ other: UInt32) -> Bool {
        Int32(bitPattern: one &- other) < 0
    }

    /// `tcp_valid_flags`.
    private static func isValid(_ flags: TCPFlags) -> Bool {
        switch flags.subtracting([.psh, .urg]) {
        case [.syn], [.syn, .ack], [.rst], [.rst, .ack], [.fin, .ack], [.ack]: true
        default: false
        }
    }

    private static func kind(of segment: WireSegment) -> Kind {
        let flags = segment.flags
        if flags.contains(.rst) { return .rst }
        if flags.contains(.syn) { return flags.contains(.ack) ? .synAck : .syn }
        if flags.contains(.fin) { return .fin }
        return flags.contains(.ack) ? .ack : .none
    }

    /// `tcp_conntracks`.
    private static func next(_ state: State, _ kind: Kind, isOriginal: Bool) -> State {
        table[(isOriginal ? 0 : 60) + kind.rawValue * 10 + Int(state.rawValue)]
    }

    private static let table: [State] = {
        let names: [String: State] = [
            "SS": .synSent, "SR": .synReceived, "ES": .established, "FW": .finWait, "CW": .closeWait,
            "LA": .lastAck, "TW": .timeWait, "CL": .close, "S2": .synSent2, "IV": .invalid, "IG": .ignored,
        ]
        let rows = [
            // From the original direction: NO SS SR ES FW CW LA TW CL S2
            "SS SS IG IG IG IG IG SS SS S2",  // SYN
            "IV IV SR IV IV IV IV IV IV SR",  // SYN-ACK
            "IV IV FW FW LA LA LA TW CL IV",  // FIN
            "ES IV ES ES CW CW TW TW CL IV",  // ACK
            "IV CL CL CL CL CL CL CL CL CL",  // RST
            "IV IV IV IV IV IV IV IV IV IV",  // none of these
            // From the reply direction.
            "IV S2 IV IV IV IV IV SS IV S2",
            "IV SR IG IG IG IG IG IG IG SR",
            "IV IV FW FW LA LA LA TW CL IV",
            "IV IG SR ES CW CW TW TW CL IG",
            "IV CL CL CL CL CL CL CL CL CL",
            "IV IV IV IV IV IV IV IV IV IV",
        ]
        return rows.flatMap { $0.split(separator: " ").map { names[String($0)] ?? .invalid } }
    }()
}
