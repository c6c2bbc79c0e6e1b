// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// Surroundings in which a command cannot do its work: one clear line, exit status 1, and nothing left behind.
@Suite struct SurroundingsTests {
    /// Runs a command that has to fail, and compares everything with what was there before.
    private func expectRefusal(
        _ what: String,
        in gateway: Gateway,
        _ words: [String],
        prefix: [String] = []
    ) async throws {
        let before = try await gateway.traces()
        let outcome = try await gateway.run(words, prefix: prefix)
        try #require(outcome.status == 1, "\(outcome)")
        try #require(outcome.output.isEmpty, "\(outcome)")
        let line = try Regex("\(words[0]): [^\n]+: [^\n]+\n")
        try #require(outcome.error.wholeMatch(of: line) != nil, "\(outcome)")
        try #require(outcome.error.contains(what), "\(outcome)")
        let after = try await gateway.traces()
        try #require(after == before)
    }

    @Test(.gateway)
    func `without CAP_NET_ADMIN nothing starts`() async throws {
        try await Gateway.with(.routed) { gateway in
            try await gateway.loadRules()
            let incapable = ["setpriv", "--bounding-set", "-net_admin"]
            try await expectRefusal("permission", in: gateway, ["pinholed"], prefix: incapable)
            let loading = ["pinhole", "rules", "load"]
            try await expectRefusal("permission", in: gateway, loading, prefix: incapable)
        }
    }

    @Test(.gateway)
    func `without root nothing starts`() async throws {
        try await Gateway.with(.routed) { gateway in
            try await gateway.loadRules()
            // The one capability lets it read the program, wherever that was built.
            let capabilities = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
            let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] + capabilities
            try await expectRefusal("permission", in: gateway, ["pinholed"], prefix: nobody)
            try await expectRefusal("permission", in: gateway, ["pinhole", "rules", "load"], prefix: nobody)
            try await expectRefusal("daemon", in: gateway, ["pinhole", "stats"], prefix: nobody)
        }
    }

    @Test(.gateway, arguments: ["21,31", "31,20"])
    func `the owner of a queue in use is named`(queues: String) async throws {
        try await Gateway.with(.routed) { gateway in
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let arguments = ["pinholed", "--queues", queues, "--socket", "/run/other.sock"]
            let taken = queues == "21,31" ? 21 : 20
            try await expectRefusal("another process has queue \(taken)", in: gateway, arguments)
            try await #require(gateway.pinhole("stats").hasSucceeded, "the first daemon goes on")
        }
    }

    @Test(.gateway)
    func `without its sets the daemon does not start`() async throws {
        try await Gateway.with(.routed) { gateway in
            try await expectRefusal("there is no set pinhole4", in: gateway, ["pinholed"])
            try await gateway.lab.require(["ipset", "create", "pinhole4", "hash:ip"], on: .gateway)
            try await expectRefusal("pinhole4", in: gateway, ["pinholed"])
        }
    }

    @Test(
        .gateway,
        arguments: [
            (1, "ctnetlink", "nf_conntrack_netlink"), (3, "NFQUEUE", "nfnetlink_queue"),
            (6, "ipset", "ip_set"),
        ]
    )
    func `the error about a missing kernel module names the module`(
        subsystem: Int,
        name: String,
        module: String
    ) async throws {
        try await Gateway.with(.routed) { gateway in
            try await gateway.loadRules()
            let library = try await gateway.compile("lacking")
            let lacking = ["env", "LD_PRELOAD=\(library)", "LACKING=\(subsystem)"]
            let message = "the kernel has no \(name): load its module with: modprobe \(module)"
            try await expectRefusal(message, in: gateway, ["pinholed"], prefix: lacking)
        }
    }

    @Test(.gateway)
    func `a control socket in use is not taken over`() async throws {
        try await Gateway.with(.routed) { gateway in
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let path = "/run/pinhole/control.sock"
            try await expectRefusal(
                "another daemon listens at \(path)",
                in: gateway,
                ["pinholed", "--queues", "31,30"]
            )
            try await #require(gateway.pinhole("stats").hasSucceeded, "the first daemon goes on")

            try await gateway.lab.require(["touch", "/run/file"])
            let arguments = ["pinholed", "--queues", "31,30", "--socket", "/run/file"]
            try await expectRefusal("/run/file is not a socket", in: gateway, arguments)
        }
    }

    @Test(.gateway, arguments: ["ipset", "iptables-restore", "ip6tables-restore"])
    func `rules load names a tool that is not installed`(missing: String) async throws {
        try await Gateway.with(.routed) { gateway in
            let folder = "\(Lab.folder)/bin"
            try await gateway.lab.require(["mkdir", folder])
            for folderOnPath in ["/usr/sbin", "/usr/bin"] {
                try await gateway.lab.require(["sh", "-c", "ln -sf \(folderOnPath)/* \(folder)/"])
            }
            try await gateway.lab.require(["rm", "\(folder)/\(missing)"])
            try await expectRefusal(
                missing,
                in: gateway,
                ["pinhole", "rules", "load"],
                prefix: ["env", "PATH=\(folder)"]
            )
        }
    }

    @Test(.gateway)
    func `a command without a daemon says that none answers`() async throws {
        try await Gateway.with(.routed) { gateway in
            for subcommand in ["stats", "expectations", "connections", "events", "flush"] {
                try await expectRefusal("daemon", in: gateway, ["pinhole", subcommand])
            }
        }
    }
}
