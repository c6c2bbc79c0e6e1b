// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules
import Formats
import FTPHelper
import Glibc
import Linux
import Messages
import Netfilter
import PinholeDaemon

/// Checks of the daemon and of its queues.
extension Inspection {
    /// Checks the daemon; returns whether it answers.
    mutating func inspectDaemon() -> Bool {
        let path = settings.socketPath
        let daemon = SocketHolder(listenerAt: path)
        var refusals: JSON?
        do throws(UserError) {
            refusals = try ControlSocketClient.answer(.refusals(.json), at: path)
            findings.append(
                .fine("daemon: answers at \(path)\(daemon.map { ", process \($0.process)" } ?? "")")
            )
            if mayLook { inspectConfinement(of: daemon) }
        } catch {
            guard role != .standby else {
                findings.append(.fine("daemon: does not run, the other gateway is active"))
                return false
            }
            findings.append(.failed("daemon: \(error.message)", hint: error.hint))
        }
        if mayLook { inspectQueues(of: daemon) }
        if mayLook, refusals != nil, let status = try? ControlSocketClient.answer(.status, at: path) {
            inspectAgreement(of: status)
        }
        if let refusals { inspectTroubles(refusals.elements) }
        return refusals != nil
    }

    private mutating func inspectQueues(of daemon: SocketHolder?) {
        let bindings = QueueBinding.all
        inspectQueue(queues.control, "control packets", bindings, daemon)
        inspectQueue(queues.data, "data connections", bindings, daemon)
        if settings.policy.opensForFTPS {
            inspectQueue(queues.sessions, "SYNs of clients with an encrypted session", bindings, daemon)
        }
    }

    /// Compares what the daemon does with the loaded rules: it may have been started with options of its own.
    private mutating func inspectAgreement(of status: JSON) {
        guard let rules = try? RuleSet.loaded(with: backends).first else { return }
        let hint = "let both read one configuration: pinhole rules load, then restart the daemon"
        let (loaded, used) = (rules.bypassMark?.text ?? "none", status["bypass_mark"]?.string ?? "none")
        if loaded != used {
            findings.append(
                .failed("daemon: its bypass-mark is \(used), that of the loaded rules \(loaded)", hint: hint)
            )
        }
        if rules.asksForFTPS, status["ftps"] == .bool(false) {
            findings.append(
                .warning(
                    "FTPS: the rules queue SYNs for the daemon, but it has ftps-ports for no server",
                    hint: "write them into a section [server ADDRESS], then pinhole reload"
                )
            )
        }
    }

    private mutating func inspectConfinement(of daemon: SocketHolder?) {
        let status = daemon.flatMap { try? TextFile.read("/proc/\($0.process)/status") }
        if let confinement = status.flatMap(Confinement.init) {
            findings += confinement.findings
        } else {
            let hint = "run pinhole check where the daemon runs"
            findings.append(.warning("daemon: its privileges cannot be read from here", hint: hint))
        }
    }

    private mutating func inspectQueue(
        _ number: UInt16,
        _ purpose: String,
        _ bindings: [QueueBinding],
        _ daemon: SocketHolder?
    ) {
        let subject = "queue \(number), \(purpose)"
        guard let binding = bindings.first(where: { $0.queue == number }) else {
            if !QueueBinding.areVisible, isTaken(number) {
                findings.append(
                    .fine("\(subject): a process listens, which only root on the host can identify")
                )
                return
            }
            let hint =
                daemon == nil
                ? (StartAdvice.isUnitInstalled ? StartAdvice.command : "start pinholed")
                : "restart the daemon"
            findings.append(.failed("\(subject): no process listens", hint: hint))
            return
        }
        guard let holder = SocketHolder(nfnetlinkPort: binding.port, expected: daemon?.process) else {
            let hint = "check that it is the daemon"
            findings.append(
                .warning("\(subject): a process outside this PID namespace listens", hint: hint)
            )
            return
        }
        let title = "\(holder.name), process \(holder.process)"
        if let daemon, daemon.process != holder.process {
            findings.append(
                .failed("\(subject): \(title) listens, not the daemon", hint: "give each its own queues")
            )
        } else {
            findings.append(.fine("\(subject): \(title) listens"))
        }
    }

    /// Tells whether a process has bound the queue.
    private func isTaken(_ queue: UInt16) -> Bool {
        do throws(SystemError) {
            _ = try PacketQueue.open(queue)
            return false
        } catch {
            return error.code == EBUSY
        }
    }
}
