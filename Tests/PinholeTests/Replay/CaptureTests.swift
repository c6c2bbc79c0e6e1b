// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Linux
import Testing

/// Real captures, which lie beside the checkout and not in it.
@Suite(
    .enabled(
        if: Captures.areDue,
        "the captures are not part of the project, and here they are not beside it"
    )
)
struct CaptureTests {
    /// An event of `pinhole replay --json`, as far as it is compared.
    private struct Event: Decodable {
        struct Ends: Decodable, Hashable {
            let client: String
            let server: String
        }

        let frame: Int
        let event: String
        let kind: String?
        let client: String?
        let server: String?
        let adopted: Bool?
        let master: Ends?
        let from: String?
        let to: String?
    }

    /// A data connection that is announced, or comes.
    private struct Sight: Hashable, CustomStringConvertible {
        let frame: Int
        let kind: String
        let client: String
        let server: String
        let from: String
        let to: String

        var description: String { "\(frame) \(kind) \(client) \(server): \(from) \(to)" }
    }

    /// Their TCP headers themselves are damaged, so that they only have to be survived.
    private static let damaged = ["ndpi-fuzzed-sip-and-ftp", "pcapplusplus-ftp"]

    private static func names() throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: Captures.folder.path)
            .filter { $0.hasSuffix(".pcap") || $0.hasSuffix(".pcapng") }.sorted()
        try #require(!names.isEmpty, "there are no captures in \(Captures.folder.path)")
        return names
    }

    private static func stem(_ name: String) -> String {
        String(name.prefix { $0 != "." })
    }

    private static func replay(_ name: String, _ options: String...) throws -> [Event] {
        let path = Captures.folder.appending(path: name).path
        let child = try ChildProcess.run(Program.path, ["replay", "--json"] + options + [path])
        #expect(child.status == 0, "\(name)")
        #expect(child.errors == "", "\(name)")
        return try child.output.split(separator: "\n").map {
            try JSONDecoder().decode(Event.self, from: Data($0.utf8))
        }
    }

    private static func sights(_ event: String, in events: [Event]) -> Set<Sight> {
        Set(
            events.filter { $0.event == event }.map {
                Sight(
                    frame: $0.frame,
                    kind: $0.kind ?? "",
                    client: $0.master?.client ?? "",
                    server: $0.master?.server ?? "",
                    from: $0.from ?? "",
                    to: $0.to ?? ""
                )
            }
        )
    }

    /// What the contract makes of an announcement: the expectation it opens, or `nil`.
    private static func expectation(_ announcement: Truth.Announcement, _ connection: Truth.Connection)
        -> Sight?
    {
        let solicitors = ["227": "PASV", "228": "LPSV", "229": "EPSV"]
        let solicitor = solicitors[announcement.kind]
        guard announcement.syntax != "invalid", let port = announcement.advertisedPort,
            port >= 1024,  // A5
            connection.isAdopted || connection.hasLogin,  // S2
            announcement.insideMultilineReply != true,  // G5
            solicitor == announcement.previousCommand,  // S1
            solicitor != nil || announcement.advertisedEqualsSender == true  // A2
        else { return nil }
        let isActive = solicitor == nil
        return Sight(
            frame: announcement.frame,
            kind: solicitor ?? announcement.kind,
            client: connection.client,
            server: connection.server,
            from: isActive ? connection.serverIp : connection.clientIp,
            to: endpoint(isActive ? connection.clientIp : connection.serverIp, port)  // A1
        )
    }

    /// Expectations and data connections that a capture has to give.
    private static func wanted(_ truth: Truth) -> (expectations: Set<Sight>, data: Set<Sight>) {
        let accepted = truth.events.compactMap { event in
            expectation(event, truth.controlConnections[event.control.conn]).map { (event, $0) }
        }
        // Of several that announce the same endpoint the newest before the SYN counts, and no other may have come since (S5).
        let data = accepted.enumerated().compactMap { index, pair -> Sight? in
            let (event, expectation) = pair
            guard let syn = event.data, syn.srcIsControlPeer, event.nextReply?.first != "5",
                event.nextReply?.first != "4"
            else { return nil }
            let isReplaced = accepted[(index + 1)...].contains { later, other in
                other.client == expectation.client && other.server == expectation.server
                    && later.frame < syn.synFrame
            }
            return isReplaced
                ? nil
                : Sight(
                    frame: syn.synFrame,
                    kind: expectation.kind,
                    client: expectation.client,
                    server: expectation.server,
                    from: endpoint(syn.srcIp, syn.srcPort),
                    to: expectation.to
                )
        }
        return (Set(accepted.map(\.1)), Set(data))
    }

    @Test func `each capture gives exactly its expectations and data connections`() throws {
        var expectations = 0
        var data = 0
        for name in try Self.names() where !Self.damaged.contains(Self.stem(name)) {
            let truth = try Truth(
                contentsOf: Captures.folder.appending(path: "truth/\(Self.stem(name)).json")
            )
            let events = try Self.replay(name)
            let wanted = Self.wanted(truth)
            #expect(Self.sights("expectation", in: events) == wanted.expectations, "\(name)")
            #expect(Self.sights("data", in: events) == wanted.data, "\(name)")
            for connection in truth.controlConnections {
                let event = events.first {
                    $0.event == "connection" && $0.client == connection.client
                        && $0.server == connection.server
                }
                #expect(event?.adopted == connection.isAdopted, "\(name): \(connection.client)")
                if let frame = connection.synackFrame { #expect(event?.frame == frame, "\(name)") }
            }
            expectations += wanted.expectations.count
            data += wanted.data.count
        }
        #expect(expectations > 0)
        #expect(data > 0)
    }

    @Test func `a search by content gives exactly the events of a search by port`() throws {
        for name in try Self.names() where !Self.damaged.contains(Self.stem(name)) {
            let truth = try Truth(
                contentsOf: Captures.folder.appending(path: "truth/\(Self.stem(name)).json")
            )
            let byPort = try Self.replay(name)
            let byContent = try Self.replay(name, "--any-port")
            for event in ["expectation", "data"] {
                #expect(
                    Self.sights(event, in: byContent) == Self.sights(event, in: byPort),
                    "\(name)"
                )
            }
            let found = Set(byContent.compactMap(\.client))
            let users = truth.controlConnections.filter { $0.commands["USER", default: 0] > 0 }
            let all = truth.controlConnections.filter(\.looksFtp)
            #expect(found.isSuperset(of: users.map(\.client)), "\(name)")
            #expect(found.isSubset(of: all.map(\.client)), "\(name)")
        }
    }

    @Test func `damaged captures do not crash the program`() throws {
        let names = try Self.names().filter { Self.damaged.contains(Self.stem($0)) }
        #expect(!names.isEmpty)
        for name in names {
            _ = try Self.replay(name)
            _ = try Self.replay(name, "--any-port")
        }
    }
}
