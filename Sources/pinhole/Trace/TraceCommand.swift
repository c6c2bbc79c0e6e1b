// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import FirewallRules
import Formats
import FTPHelper
import Inspection
import Linux
import Messages
import PinholeDaemon

/// `pinhole trace`.
enum TraceCommand: Subcommand {
    static let name = "trace"
    static let summary = "show what happens in sessions, live, and why they hang"
    static let operands = ["ADDRESS"]
    static let options: [Option] = [.socket]

    static func run(_ arguments: Arguments) throws(UserError) {
        let text = arguments.operands[0]
        guard let target = TraceTarget(parsing: text) else {
            throw usage(
                "\(operands[0]): '\(Escaping.harmless(text, limit: 60))' is neither an address nor one with a port"
            )
        }
        let socket = arguments.socketPath
        for line in try introduction(target, socket) { try StandardOutput.line(line) }
        var trace = Trace(interface: Interface.name) { Inspection.droppers(ofDataTo: $0, isIPv6: $1) }
        if try follow(target, at: socket, &trace, until: try signals()) {
            try StandardOutput.line("the daemon has ended")
        }
        for line in trace.diagnosis { try StandardOutput.line(line) }
    }

    private static func signals() throws(UserError) -> SignalDescriptor {
        do throws(SystemError) {
            return try SignalDescriptor.open()
        } catch {
            throw UserError(error.description, hint: "try again")
        }
    }

    /// Says what happens, until there is a signal or all sessions have ended; returns whether the daemon has ended.
    private static func follow(
        _ target: TraceTarget,
        at socket: String,
        _ trace: inout Trace,
        until signals: borrowing SignalDescriptor
    ) throws(UserError) -> Bool {
        var rest: [UInt8] = []
        return try ControlSocketClient.watch(.trace(target), at: socket) {
            signals.next() == nil && !trace.isOver(at: Clock.now())
        } receive: { piece throws(UserError) in
            rest += piece
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let event = JSON(parsing: Array(rest[..<end]))
                rest.removeSubrange(...end)
                guard let event else { throw .invalidAnswer }
                for line in trace.lines(for: event, at: Clock.now()) { try StandardOutput.line(line) }
            }
        }
    }

    /// What is there before anything happens: the rules, and the sessions that have begun already.
    private static func introduction(_ target: TraceTarget, _ socket: String) throws(UserError) -> [String] {
        let sessions = try ControlSocketClient.answer(.connections(.json), at: socket).elements.filter {
            Trace.isMeant($0, by: target)
        }
        let rules = Capabilities.contain(.networkAdministration) ? try LoadedRules.all() : []
        let ports = Set(rules.flatMap(\.ports)).sorted().map(String.init).joined(separator: ", ")
        return [
            rules.isEmpty
                ? "no rules are loaded, so nothing is seen: load them with 'pinhole rules load'"
                : "rules: control connections to port \(ports) are read",
            "tracing \(target) until its sessions end, or until interrupted",
        ] + sessions.map { "existing session: \(Trace.ends(of: $0)), \($0["state"]?.string ?? "")" }
    }
}
