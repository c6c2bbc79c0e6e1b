// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// Whole sessions with real servers in their own words: every announcement of both sides opens.
@Suite struct ServerDialectTests {
    private static func announced(by outcome: Session.Outcome) -> String? {
        if case .announces(let announcement, _) = outcome {
            "\(announcement.kind.rawValue) \(announcement.port)"
        } else {
            nil
        }
    }

    private static func isRefused(_ outcome: Session.Outcome) -> Bool {
        if case .refused = outcome { true } else { false }
    }

    @Test func `every file is read`() {
        #expect(ServerDialect.all.count == 44)
        #expect(Set(ServerDialect.all.map(\.name)).count == ServerDialect.all.count)
    }

    @Test(arguments: ServerDialect.all, [false, true])
    func `the login is accepted, and every announcement is recognised`(dialect: ServerDialect, isStrict: Bool)
    {
        var session = Session(isAdopted: false)
        var announcing: Set<Bool> = []
        for line in dialect.lines {
            let bytes = Array(line.text.utf8)
            let outcome =
                line.isClients
                ? session.command(bytes.span, on: v4(10, 1, 0, 2), refusesPipelined: isStrict)
                : session.reply(bytes.span, on: v4(10, 1, 0, 2))
            #expect(Self.announced(by: outcome) == line.announced, "\(line.text)")
            #expect(!Self.isRefused(outcome), "\(line.text)")
            if line.announced != nil { announcing.insert(line.isClients) }
        }
        #expect(session.state == .ready)
        // Brother's knows no PASV.
        #expect(announcing == (dialect.name.hasPrefix("Brother") ? [true] : [false, true]))
    }

    /// No NAT, NAT of one address or the other, and of both.
    static let mappings = NATCase.all.filter {
        !$0.isIPv6 && $0.mapping.reply.source.address == v4(10, 2, 0, 2)
            && $0.mapping.original.source.address == v4(10, 1, 0, 2)
    }

    private static func commas(_ endpoint: Endpoint) -> String {
        endpoint.address.description.replacing(".", with: ",")
    }

    @Test(arguments: ServerDialect.all, mappings)
    func `only the announced addresses of a session change`(
        dialect: ServerDialect,
        nat: NATCase
    ) {
        for isStrict in [false, true] {
            for isCut in isStrict ? [false] : [false, true] {
                var policy = Policy()
                policy.rules.isStrict = isStrict
                var dialogue = Dialogue(nat.mapping, policy: policy)
                var expected = (client: "", server: "")
                for line in dialect.lines {
                    let side: Session.Side = line.isClients ? .client : .server
                    let pieces = isCut ? line.text.map { String($0) } : [line.text]
                    for piece in pieces { dialogue.send(side, piece) }
                    let read = line.announced == nil ? line.text : Self.rewritten(line, through: nat)
                    if line.isClients { expected.server += read } else { expected.client += read }
                    guard line.announced != nil else { continue }
                    let opened =
                        line.isClients ? nat.mapping.reply.destination : nat.mapping.original.destination
                    #expect(dialogue.open == [Endpoint(opened.address, 5001).description], "\(line.text)")
                }
                #expect(dialogue.received == expected)
                #expect(dialogue.refusals.isEmpty)
                #expect(dialogue.tracker.connections.first?.state == .ready)
            }
        }
    }

    /// The line as the other side is to read it.
    private static func rewritten(_ line: ServerDialect.Line, through nat: NATCase) -> String {
        let (own, shown) =
            line.isClients
            ? (nat.mapping.original.source, nat.mapping.reply.destination)
            : (nat.mapping.reply.source, nat.mapping.original.destination)
        let isChanged = own.address != shown.address
        guard isChanged else { return line.text }
        return line.text.replacing(commas(own), with: commas(shown))
            .replacing("10, 2, 0, 2, 19, 137", with: "\(commas(shown)),19,137")
            .replacing("|\(own.address)|", with: "|\(shown.address)|")
    }
}
