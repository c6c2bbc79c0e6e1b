// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// `pinhole top` on a real terminal, that of tmux, with real transfers going on.
@Suite struct TopTests {
    /// A terminal on the gateway in which a program runs.
    private struct Terminal {
        let gateway: Gateway
        private let socket: String

        init(_ gateway: Gateway, _ command: String, term: String = "tmux-256color") async throws {
            self.gateway = gateway
            let name = gateway.lab.newName("tmux")
            socket = "\(Lab.folder)/\(name)"
            let configuration = "\(socket).conf"
            try gateway.lab.write(
                "set -g default-terminal \(term)\nset -g exit-empty off\nset -g escape-time 0\n",
                to: "\(name).conf"
            )
            // Not as a daemon, here or by a command (-N): it would keep open what this process knows the end of those by.
            _ = try gateway.lab.start(
                ["tmux", "-D", "-S", socket, "-f", configuration],
                as: name,
                on: .gateway
            )
            try await poll(for: "a terminal") {
                try await gateway.lab.run(
                    [
                        "tmux", "-N", "-S", socket, "new-session", "-d", "-x", "80", "-y", "24",
                        "env -u LC_ALL PS1='$ ' sh",
                    ],
                    on: .gateway
                ).hasSucceeded
            }
            try await type("clear; \(command)", "Enter")
        }

        @discardableResult
        private func tmux(_ words: String...) async throws -> String {
            try await gateway.lab.require(["tmux", "-N", "-S", socket] + words, on: .gateway)
        }

        func type(_ keys: String...) async throws {
            for key in keys { try await tmux("send-keys", key) }
        }

        func resize(columns: Int, rows: Int) async throws {
            try await tmux("resize-window", "-x", "\(columns)", "-y", "\(rows)")
        }

        var lines: [String] {
            get async throws {
                try await tmux("capture-pane", "-p").split(separator: "\n", omittingEmptySubsequences: false)
                    .map(String.init)
            }
        }

        /// Waits until a line of the screen matches.
        func shows(_ what: String, _ isMeant: (String) -> Bool) async throws {
            do {
                try await poll(for: what) { try await lines.contains(where: isMeant) }
            } catch {
                throw HarnessError(
                    "\(error), but this was on the screen:\n\(try await lines.joined(separator: "\n"))"
                )
            }
        }

        /// Waits until no line of the screen matches.
        func hides(_ what: String, _ isMeant: (String) -> Bool) async throws {
            try await poll(for: "\(what) to go") { try await !lines.contains(where: isMeant) }
        }

        func shows(_ text: String) async throws { try await shows(text) { $0.contains(text) } }
    }

    @Test(.gateway)
    func `top shows sessions, obeys its keys, and survives a restart of the daemon`() async throws {
        try await Gateway.with(.masqueraded) { gateway in
            _ = try await gateway.start(.vsftpd, acceptTimeout: 120)
            try await gateway.lab.require(
                ["sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1"],
                on: .gateway
            )
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let terminal = try await Terminal(
                gateway,
                "\(try Files.pinhole()) top; stty -a | head -n 1; echo left $?"
            )
            try await terminal.shows("[transfers]")

            let upload = try await seeUpload(terminal)
            try await filterSessions(terminal)
            let session = try await gateway.logIn()
            try await closeExpectation(of: session, terminal)
            try await seeRefusal(of: session, terminal)
            try await resize(terminal)
            let end = try await daemon.stop()
            try #require(end == 0)
            try await terminal.shows("no daemon answers at /run/pinhole/control.sock")
            _ = try await gateway.startDaemon()
            try await terminal.shows("sessions 2")

            try await terminal.type("q")
            try await terminal.shows("left 0")
            // The former screen is back.
            try await terminal.hides("the table") { $0.contains("[refusals]") }
            let status = try await upload.finish()
            #expect(status == 0)
        }
    }

    /// Begins an endless upload, and sees it in the first view.
    private func seeUpload(_ terminal: Terminal) async throws -> Service {
        let words = ["curl", "--silent", "--no-buffer", "--upload-file", "-"]
        let upload = try terminal.gateway.lab.start(
            words + ["ftp://\(terminal.gateway.topology.dialled)/incoming/slow"],
            as: "slow",
            on: .client
        )
        try await terminal.shows("the upload") {
            $0.hasPrefix("10.1.0.2 ") && $0.contains(" STOR /incoming/slow ")
        }
        try await terminal.shows("sessions 1  transfers 1  expectations 0")
        return upload
    }

    /// Goes on to the sessions, hides the one there is by a filter, and removes the filter.
    private func filterSessions(_ terminal: Terminal) async throws {
        try await terminal.type("Tab")
        try await terminal.shows("the session") { $0.hasPrefix("10.1.0.2:") && $0.contains(" ready ") }
        try await terminal.type("/", "1", "0", ".", "9", "Enter")
        try await terminal.shows("only 10.9")
        try await terminal.hides("the session") { $0.hasPrefix("10.1.0.2:") }
        try await terminal.type("/", "BSpace", "BSpace", "BSpace", "BSpace", "Enter")
        try await terminal.shows("the session again") { $0.hasPrefix("10.1.0.2:") }
    }

    /// Goes on to the expectations, and closes one.
    private func closeExpectation(of session: Service, _ terminal: Terminal) async throws {
        try session.say("PORT 10,1,0,2,19,137")
        try await session.said("200 PORT")
        try await terminal.type("Tab")
        try await terminal.shows("the expectation") { $0.contains(" PORT 10.1.0.2:") }
        try await terminal.type("Down", "d")
        try await terminal.shows("expectations 0")
        try await poll(for: "the expectation to be closed") { try await terminal.gateway.members().isEmpty }
    }

    /// Goes on to the refusals, and sees one with its hint.
    private func seeRefusal(of session: Service, _ terminal: Terminal) async throws {
        try await terminal.type("Tab")
        try await terminal.shows("[refusals]")
        try session.say("PORT 10,1,0,2,0,22")
        try await terminal.shows("the refusal") { $0.contains(" privileged-port PORT 10,1,0,2,0,22") }
        try await terminal.type("Down")
        try await terminal.shows("names a port below 1024")
    }

    /// Gives the terminal other sizes, and the first one again.
    private func resize(_ terminal: Terminal) async throws {
        for (columns, rows) in [(132, 40), (40, 10)] {
            try await terminal.resize(columns: columns, rows: rows)
            try await poll(for: "the help at the bottom") {
                try await terminal.lines[rows - 1].hasPrefix("Tab view")
            }
        }
        try await terminal.resize(columns: 80, rows: 24)
    }

    @Test(.gateway, arguments: ["TERM", "INT", "HUP", "QUIT", "SEGV", "ABRT"])
    func `top restores the terminal however it ends`(signal: String) async throws {
        try await Gateway.with(.routed) { gateway in
            // Without colour, too.
            let terminal = try await Terminal(
                gateway,
                "trap : INT; stty -g >\(Lab.folder)/before; ulimit -c 0; TERM=vt100 \(try Files.pinhole()) top; "
                    + "stty -g | diff \(Lab.folder)/before - && echo as it was"
            )
            try await terminal.shows("[transfers]")
            try await terminal.shows("no daemon answers")
            try await gateway.lab.require(["pkill", "-x", "-\(signal)", "pinhole"], on: .gateway)
            try await terminal.shows("as it was")
        }
    }

    @Test(.gateway)
    func `top without a terminal is an error`() async throws {
        try await Gateway.with(.routed) { gateway in
            let outcome = try await gateway.pinhole("top")
            #expect(outcome.status == 1)
            #expect(outcome.error.hasPrefix("pinhole: set up the terminal: "))
            #expect(outcome.error.hasSuffix("run it in a terminal, or use pinhole status\n"))
        }
    }
}
