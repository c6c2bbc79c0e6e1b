// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// What `pinhole transfers`, the events and an xferlog tell of real transfers.
@Suite struct TransferTests {
    private static let count = "net.netfilter.nf_conntrack_acct=1"

    /// Tells whether this is what was counted of a file of that size: to the byte where TCP has sent nothing twice, which a busy
    /// machine makes it do.
    private func isAbout(_ size: Int, _ bytes: Int?) -> Bool {
        bytes.map { $0 >= size && $0 < size + size / 2 + 500 } ?? false
    }

    private func lines(_ service: Service) -> [TransferReport] {
        (try? TransferReport.all(of: service)) ?? []
    }

    @Test(.gateway, arguments: [Topology.bothNATs, .masqueraded6], Server.allCases)
    func `each transfer is reported in every mode`(topology: Topology, server: Server) async throws {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(server)
            try await gateway.lab.require(["sysctl", "-qw", Self.count], on: .gateway)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let log = try gateway.lab.start(
                [Files.pinhole(), "events", "--format", "xferlog"],
                as: "xferlog",
                on: .gateway
            )
            let modes = Client.curl.modes(isIPv6: topology.isIPv6)
            var earlier = 0
            try await poll(for: "the first line of the log") {
                earlier += 1
                let failure = try await gateway.fetch(with: .curl, .epsv)
                try #require(failure == nil)
                return !log.lines.isEmpty
            }
            let events = try await gateway.startEvents()
            for mode in modes {
                let failure = try await gateway.fetch(with: .curl, mode)
                try #require(failure == nil, "\(mode)")
            }
            try await poll(for: "the transfers to be told") { lines(events).count >= modes.count }
            for (transfer, mode) in zip(lines(events), modes) {
                #expect(transfer.command == "RETR" && transfer.direction == "download")
                #expect(transfer.path == "/pub/payload", "curl asks for the directory and changes to another")
                #expect(transfer.user == "anonymous")
                #expect(transfer.client.hasPrefix(topology.isIPv6 ? "[" : topology.client))
                #expect(transfer.data?.kind == mode.rawValue)
                #expect(isAbout(gateway.payload.count, transfer.bytes?.down), "\(transfer)")
                #expect(isAbout(0, transfer.bytes?.up), "\(transfer)")
                #expect(transfer.size == gateway.payload.count)
                #expect(transfer.progress == 1)
                #expect(transfer.reply.hasPrefix("226 "))
            }
            try await poll(for: "the log to have them") { log.lines.count > modes.count }
            for line in log.lines {
                let words = line.split(separator: " ")
                try #require(words.count == 18)
                #expect(words[6] == topology.client)
                #expect(isAbout(gateway.payload.count, Int(words[7])))
                #expect(words[8...].joined(separator: " ") == "/pub/payload b _ o a anonymous ftp 0 * c")
            }
            try await gateway.comesToRest()
            let report: StatisticsReport = try await gateway.report("stats")
            #expect(report.transfers == 0 && report.transfers_failed == 0)
            #expect(report.transfers_completed == modes.count + earlier)
            #expect(isAbout(gateway.payload.count * report.transfers_completed, report.bytes["down"]))
            try #require(await daemon.stop() == 0)
        }
    }

    @Test(.gateway)
    func `a running transfer is listed with its progress, and an aborted one is reported as failed`()
        async throws
    {
        try await Gateway.with(.masqueraded) { gateway in
            _ = try await gateway.start(.vsftpd, acceptTimeout: 60)
            try await gateway.lab.require(["sysctl", "-qw", Self.count], on: .gateway)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let events = try await gateway.startEvents()
            // Too much for the buffers on its way: the server cannot be done with it before it is aborted.
            try await gateway.lab.require(["truncate", "--size", "1G", "\(Server.root)/pub/large"])
            let client = try gateway.lab.start(
                ["curl", "--silent", "--limit-rate", "2k", "ftp://\(gateway.topology.dialled)/pub/large"],
                as: "slow",
                on: .client
            )
            try await poll(for: "the transfer to move") {
                try await gateway.report("transfers", as: [TransferReport].self).first?.bytes?.down ?? 0 > 0
            }
            let transfer = try #require(
                try await gateway.report("transfers", as: [TransferReport].self).first
            )
            #expect(transfer.command == "RETR" && transfer.path == "/pub/large")
            #expect(transfer.size == 1 << 30)
            #expect(transfer.progress.map { $0 >= 0 && $0 < 0.5 } == true)
            #expect(transfer.reply == "")
            _ = try await client.stop("KILL")
            try await poll(for: "its end to be told") { !lines(events).isEmpty }
            let ended = try #require(lines(events).first)
            #expect(!ended.reply.hasPrefix("2"), "\(ended)")
            #expect(ended.bytes.map { $0.down > 0 && isAbout(0, $0.up) } == true)
            try await gateway.comesToRest()
        }
    }

    @Test(.gateway)
    func `uploads, listings, empty, failed and uncounted transfers are reported`() async throws {
        try await Gateway.with(.masqueraded) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let events = try await gateway.startEvents()
            let site = "ftp://\(gateway.topology.dialled)"
            func curl(_ words: String...) async throws {
                _ = try await gateway.lab.run(["curl", "--silent"] + words, on: .client)
            }
            func told(_ count: Int) async throws -> TransferReport {
                try await poll(for: "transfer \(count) to be told") { lines(events).count >= count }
                return lines(events)[count - 1]
            }
            try await gateway.lab.require(
                ["sysctl", "-qw", "net.netfilter.nf_conntrack_acct=0"],
                on: .gateway
            )
            try await curl("\(site)/pub/payload")
            let uncounted = try await told(1)
            #expect(uncounted.bytes == nil && uncounted.progress == nil)
            #expect(uncounted.size == gateway.payload.count && uncounted.reply.hasPrefix("226 "))

            try await gateway.lab.require(["sysctl", "-qw", Self.count], on: .gateway)
            try await curl("--ftp-port", "-", "--upload-file", gateway.payloadPath, "\(site)/incoming/up")
            let upload = try await told(2)
            #expect(upload.command == "STOR" && upload.direction == "upload")
            #expect(isAbout(gateway.payload.count, upload.bytes?.up) && isAbout(0, upload.bytes?.down))

            try await curl("--upload-file", "/dev/null", "\(site)/incoming/empty")
            let empty = try await told(3)
            #expect(isAbout(0, empty.bytes?.up) && isAbout(0, empty.bytes?.down))
            #expect(empty.reply.hasPrefix("226 "))

            try await curl("\(site)/pub/")
            let listing = try await told(4)
            #expect(listing.command == "LIST")
            #expect(listing.bytes.map { $0.down > 10 && isAbout(0, $0.up) } == true)

            try await curl("--upload-file", gateway.payloadPath, "\(site)/pub/forbidden")
            let forbidden = try await told(5)
            #expect(forbidden.command == "STOR" && forbidden.path == "/pub/forbidden")
            #expect(forbidden.reply.hasPrefix("553 "))
            #expect(isAbout(0, forbidden.bytes?.up) && isAbout(0, forbidden.bytes?.down))

            // curl connects, and gives up when SIZE says that there is no such file.
            try await curl("\(site)/pub/none")
            let unused = try await told(6)
            #expect(unused.command == nil && unused.path == "" && unused.reply == "")
            #expect(isAbout(0, unused.bytes?.up) && isAbout(0, unused.bytes?.down))
            try await gateway.comesToRest()
        }
    }

    @Test(.gateway)
    func `a transfer in progress during a restart goes on and is reported at its end`() async throws {
        try await Gateway.with(.masqueraded) { gateway in
            _ = try await gateway.start(.vsftpd, acceptTimeout: 60)
            try await gateway.lab.require(["sysctl", "-qw", Self.count], on: .gateway)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let events = try await gateway.startEvents()
            let log = try gateway.lab.start(
                [Files.pinhole(), "events", "--format", "xferlog"],
                as: "xferlog",
                on: .gateway
            )
            let client = try gateway.lab.start(
                [
                    "curl", "--silent", "--no-buffer", "--upload-file", "-",
                    "ftp://\(gateway.topology.dialled)/incoming/slow",
                ],
                as: "slow",
                on: .client
            )
            try client.say("before")
            try await poll(for: "the transfer to begin") {
                try await gateway.report("transfers", as: [TransferReport].self).first?.bytes?.up ?? 0 >= 7
            }
            let status = try await daemon.stop("KILL")
            try #require(status == 128 + 9)
            _ = try await gateway.startDaemon()
            let going: [TransferReport] = try await gateway.report("transfers")
            #expect(going.map(\.path) == ["/incoming/slow"])
            // Both watchers have found the next daemon.
            try await events.said(#""event":"restarted"}"#)
            try await poll(for: "the log to go on") {
                try await gateway.lab.require(["ss", "-Hxn"], on: .gateway).split(separator: "\n").count {
                    $0.contains("ESTAB") && $0.contains("/run/pinhole/control.sock")
                } == 2
            }
            try client.say("after")
            try #require(await client.finish() == 0)
            #expect(gateway.lab.read("ftp/incoming/slow") == "before\nafter\n")
            try await poll(for: "its end to be told") { !lines(events).isEmpty && log.text.contains(" i a ") }
            let told = try #require(lines(events).first)
            #expect(told.command == "STOR" && told.path == "/incoming/slow" && told.reply.hasPrefix("226 "))
            #expect(isAbout(13, told.bytes?.up))
            #expect(log.text.contains(" /incoming/slow b _ i a anonymous ftp 0 * c"))
            try await gateway.comesToRest()
            let report: StatisticsReport = try await gateway.report("stats")
            #expect(report.transfers == 0 && report.transfers_completed == 1)
        }
    }
}
