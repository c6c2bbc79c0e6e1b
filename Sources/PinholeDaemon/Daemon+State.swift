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
        let legacy = try legacy(at: settings.statePath, identity, owner: owner, &log)
        if legacy == nil {
            // Elements of an earlier daemon may be left in the sets.
            try attempt({ () throws(SystemError) in try pinholes.flush() }, orElse: unforeseen)
        }
        let rejectedPath = "\(settings.statePath).rejected"
        let predecessor = (try? PrivateFile.read(rejectedPath, owner: owner)).flatMap {
            RejectedConnectionFile.rejected(in: $0, identity: identity)
        }
        let state = try attempt(
            { () throws(SystemError) in
                try StateFile.create(
                    for: settings.statePath,
                    identity: identity,
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
        engine.system.releaseMark = settings.releaseMark
        if let legacy, !legacy.isEmpty {
            let (restored, dropped) = engine.restore(legacy, at: Clock.now())
            log.write(.info, "restored") {
                $0.add("connections", restored)
                $0.add("dropped", dropped)
            }
        }
        _ = engine.survey(predecessor: predecessor, at: Clock.now())
        try attempt({ () throws(SystemError) in try engine.publishState() }, orElse: unwritable)
        return engine
    }

    /// The records in an earlier daemon's file at `path`, newest first; `nil` if there is no valid file.
    ///
    /// A file that is damaged or belongs to another user is moved aside for inspection, and nothing in it is used.
    private static func legacy(
        at path: String,
        _ identity: [UInt64],
        owner: UInt32?,
        _ log: inout Log
    ) throws(UserError) -> [[UInt64]]? {
        let reason: String
        do throws(SystemError) {
            guard let bytes = try PrivateFile.read(path, owner: owner) else { return nil }
            let records = StateFile.records(in: bytes, identity: identity)
            if let records { return records }
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
        return nil
    }

    private static func unwritable(_ error: SystemError) -> UserError {
        UserError(error.description, hint: "choose another path with --state")
    }
}
