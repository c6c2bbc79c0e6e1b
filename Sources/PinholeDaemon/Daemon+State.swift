// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Linux
import Messages
import Netfilter

/// Hands state over from one daemon to the next.
extension Daemon {
    /// Restores the connections of an earlier daemon that conntrack still has, with their expectations.
    ///
    /// The new state file replaces the old one only when everything is in it, so nothing is lost if this daemon is killed
    /// before that.
    static func takeOver(
        _ settings: Settings,
        owner: UInt32?,
        _ conntrack: consuming Conntrack,
        _ pinholes: consuming PinholeSet,
        _ injector: consuming PacketInjector,
        _ routing: consuming Routing,
        _ log: inout Log
    ) throws(UserError) -> Engine<LinuxKernel> {
        let identity = StateFile.currentIdentity()
        let found = try legacy(at: settings.statePath, owner: owner, &log)
        let legacy: StateFile.Contents? = if case .contents(let contents) = found { contents } else { nil }
        let peer = peer(at: settings.peerStatePath, owner: owner, &log)
        if legacy == nil {
            // Elements of an earlier daemon may be left in the sets.
            try attempt({ () throws(SystemError) in try pinholes.flush() }, orElse: unforeseen)
        }
        let rejectedPath = "\(settings.statePath).rejected"
        let predecessor = rejected(at: rejectedPath, owner: owner)
        let state = try attempt(
            { () throws(SystemError) in
                try StateFile.create(
                    for: settings.statePath,
                    identity: identity,
                    term: max(legacy?.term ?? 0, peer?.term ?? 0) + 1,
                    began: Clock.now(),
                    connections: settings.policy.maximumConnections
                )
            },
            orElse: unwritable
        )
        let rejected = try attempt(
            { () throws(SystemError) in
                try RejectedConnectionFile.create(for: rejectedPath, identity: identity)
            },
            orElse: unwritable
        )
        var engine = Engine(
            settings.policy,
            LinuxKernel(conntrack, pinholes, injector, routing),
            state: state,
            rejected: rejected
        )
        engine.system.dataMark = settings.dataMark
        engine.system.bypassMark = settings.bypassMark
        // Another daemon may have edited the lines of connections that are not in the records.
        engine.provesAdopted = found.isUnreadable || peer != nil || settings.sync.peer != nil
        restore(legacy, peer, &engine, &log)
        if settings.isBypassing || mayHaveMissedPackets(legacy, peer, settings) {
            engine.requireProofs(at: Clock.now())
        }
        let predecessors = [predecessor, peer?.rejected].compactMap { $0 }
        _ = engine.survey(predecessors: predecessors, at: Clock.now())
        try attempt({ () throws(SystemError) in try engine.publishState() }, orElse: unwritable)
        engine.restartProofs(at: Clock.now())
        return engine
    }

    /// Tells whether rules were loaded that were missing while packets came through this gateway: since its last daemon
    /// began, or since the peer was heard, whose packets came through the other gateway until then.
    private static func mayHaveMissedPackets(
        _ legacy: StateFile.Contents?,
        _ peer: PeerFile.Contents?,
        _ settings: Settings
    ) -> Bool {
        guard let loaded = RulesLoadingTime.read(besides: settings.statePath) else { return false }
        if let peer, peer.hasRun(since: legacy) { return loaded > peer.origin.heard }
        return legacy.map { loaded > $0.began } ?? false
    }

    /// Continues with the connections of this gateway's last daemon and of the peer's.
    ///
    /// Of two records of a connection the later one counts: while one gateway took over, the other may have gone on. If the peer's
    /// daemon has run since, as after a failover or while both gateways were active, this gateway's own records may be out of
    /// date, too: their positions have to be confirmed by both ends.
    private static func restore(
        _ legacy: StateFile.Contents?,
        _ peer: PeerFile.Contents?,
        _ engine: inout Engine<LinuxKernel>,
        _ log: inout Log
    ) {
        let now = Clock.now()
        let own = legacy?.records.map(\.words) ?? []
        let theirs = peer?.records ?? []
        let theirOrigin = RecordOrigin.peer(clockShift: peer?.origin.clockShift ?? 0)
        var (restored, received) = ((restored: 0, dropped: 0), (restored: 0, dropped: 0))
        if let peer, peer.hasRun(since: legacy) {
            let later = Engine<LinuxKernel>.records(own, laterThan: theirs, at: now)
            let count = engine.restore(later, from: .peer(clockShift: 0), at: now).restored
            received = engine.restore(theirs, from: theirOrigin, at: now)
            restored = engine.restore(own, from: .peer(clockShift: 0), at: now)
            restored.restored += count
        } else {
            let later = Engine<LinuxKernel>.records(theirs, laterThan: own, at: now)
            let count = engine.restore(later, from: theirOrigin, at: now).restored
            restored = engine.restore(own, at: now)
            received = engine.restore(theirs, from: theirOrigin, at: now)
            received.restored += count
        }
        guard restored != (0, 0) || received != (0, 0) else { return }
        log.write(.info, "restored") {
            $0.add("connections", restored.restored + received.restored)
            $0.add("dropped", restored.dropped + received.dropped)
            guard let peer else { return }
            $0.add("of-peer", received.restored)
            $0.add("peer-heard", "\(Int(peer.origin.heard.seconds(until: now) * 1000)) ms ago")
        }
    }

    /// The connections that an earlier daemon has rejected; `nil` if it has left no file that can be read.
    private static func rejected(at path: String, owner: UInt32?) -> RejectedConnections? {
        (try? PrivateFile.read(path, owner: owner)).flatMap { bytes in
            StateFile.readableIdentities().lazy.compactMap {
                RejectedConnectionFile.rejected(in: bytes, identity: $0)
            }.first
        }
    }

    /// The records of the other gateway; `nil` if there are none.
    private static func peer(at path: String, owner: UInt32?, _ log: inout Log) -> PeerFile.Contents? {
        do throws(SystemError) {
            return try PeerFile.contents(of: path, owner: owner)
        } catch {
            log.write(.warning, "peer-state-not-trusted") { $0.add("reason", error.description) }
            return nil
        }
    }

    /// What an earlier daemon has left.
    private enum Legacy {
        case nothing
        case unreadable
        case contents(StateFile.Contents)

        var isUnreadable: Bool { if case .unreadable = self { true } else { false } }
    }

    /// What an earlier daemon has left in the file at `path`.
    ///
    /// A file that is damaged or belongs to another user is moved aside for inspection, and nothing in it is used.
    private static func legacy(
        at path: String,
        owner: UInt32?,
        _ log: inout Log
    ) throws(UserError) -> Legacy {
        let reason: String
        do throws(SystemError) {
            guard let bytes = try PrivateFile.read(path, owner: owner) else { return .nothing }
            for identity in StateFile.readableIdentities() {
                guard let contents = StateFile.contents(of: bytes, identity: identity) else { continue }
                return .contents(contents)
            }
            reason = "it is damaged, of another version, or from before the machine was started"
        } catch {
            reason = error.description
        }
        let aside = "\(path).aside"
        try attempt({ () throws(SystemError) in try MappedFile.move(path, to: aside) }, orElse: unwritable)
        log.write(.warning, "state-not-trusted") {
            $0.add("reason", reason)
            $0.add("moved-to", aside)
        }
        return .unreadable
    }

    private static func unwritable(_ error: SystemError) -> UserError {
        UserError(error.description, hint: "choose another path with --state")
    }
}

extension PeerFile.Contents {
    /// Tells whether the peer's daemon has run since this gateway's last daemon began.
    ///
    /// It may have run for two seconds more while that one took over.
    fileprivate func hasRun(since legacy: StateFile.Contents?) -> Bool {
        guard let legacy, term < legacy.term else { return true }
        return origin.heard > legacy.began.advanced(bySeconds: 2)
    }
}
