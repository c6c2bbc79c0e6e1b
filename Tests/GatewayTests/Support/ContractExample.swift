// SPDX-License-Identifier: GPL-2.0-or-later

/// A dialogue, and what Pinhole does with it: the client 10.1.0.2 is seen as 10.2.0.100 by the server 10.2.0.2.
struct ContractExample: Encodable {
    /// What one side says, in as many segments.
    struct Step: Encodable {
        let side: String
        let segments: [String]
        let isWatched: Bool

        static func client(_ segments: String..., isWatched: Bool = false) -> Step {
            Step(side: "client", segments: segments, isWatched: isWatched)
        }

        static func server(_ segments: String..., isWatched: Bool = false) -> Step {
            Step(side: "server", segments: segments, isWatched: isWatched)
        }
    }

    /// The server's address as the client knows it: its own, or the public one that leads to it.
    let dialled: String
    let server = "10.2.0.2"
    let steps: [Step]
    /// The watched bytes as the table shows them; `+` is the next segment.
    let bytes: String
    /// What Pinhole has to do with them, as `Sighting` describes it.
    let pinhole: String

    /// An example, logged in unless it begins otherwise.
    init(
        _ bytes: String,
        _ pinhole: String,
        after prelude: [Step] = login,
        dialled: String = "10.2.0.2",
        _ steps: Step...
    ) {
        self.bytes = bytes
        self.pinhole = pinhole
        self.dialled = dialled
        self.steps = prelude + steps
    }

    static let topology = Topology(
        name: "the contract's",
        clientSeenAs: "10.2.0.100",
        serverKnownAs: "198.51.100.7"
    )

    private static let banner: [Step] = [.server("220 ready\r\n")]
    private static let login: [Step] =
        banner + [
            .client("USER anonymous\r\n"), .server("331 password\r\n"),
            .client("PASS guest\r\n"), .server("230 logged in\r\n"),
        ]
    private static let asked: [Step] = login + [.client("PASV\r\n")]

    /// An example of one line of the client, in one segment.
    private static func line(_ line: String, _ pinhole: String) -> ContractExample {
        let shown = line.replacing("|", with: "\\|")
        return ContractExample("`\(shown)\\r\\n`", pinhole, .client(line + "\r\n", isWatched: true))
    }

    /// An example of one line of the server, in one segment.
    private static func reply(_ line: String, _ note: String, _ pinhole: String, after prelude: [Step])
        -> ContractExample
    {
        let shown = line.replacing("|", with: "\\|")
        return ContractExample(
            "`\(shown)\\r\\n` \(note)",
            pinhole,
            after: prelude,
            .server(line + "\r\n", isWatched: true)
        )
    }

    /// The contract's table, row by row.
    static let all: [ContractExample] =
        [
            ContractExample(
                #"`PO` + `RT 10,1,0,2,19,137\r\n`"#,
                "rewritten, expects 5001",
                .client("PO", "RT 10,1,0,2,19,137\r\n", isWatched: true)
            ),
            ContractExample(
                #"`P` + `WD\r\n`"#,
                "passed",
                .client("P", "WD\r\n", isWatched: true)
            ),
            ContractExample(
                #"`2` + `00 OK\r\n` from the server"#,
                "passed",
                after: login + [.client("NOOP\r\n")],
                .server("2", "00 OK\r\n", isWatched: true)
            ),
            ContractExample(
                #"`TYPE I\r\nPORT 10,1,0,2,19,137\r\n` in one segment"#,
                "rewritten, expects 5001",
                .client("TYPE I\r\nPORT 10,1,0,2,19,137\r\n", isWatched: true)
            ),
            ContractExample(
                #"`PORT 10,1,0,2,19,137\r\nLIST\r\n` in one segment"#,
                "rewritten, expects 5001",
                .client("PORT 10,1,0,2,19,137\r\nLIST\r\n", isWatched: true)
            ),
            line("PORT  10,1,0,2,19,137", "rewritten, expects 5001"),
            line("PORT 10,1,0,2,19,137 ", "rewritten, expects 5001"),
            line("PORTABLE 10,1,0,2,19,137", "passed"),
            line("PORT 10,1,0,2,19,393", "passed, refused as malformed"),
            line("PORT 10,1,0,2,0,22", "passed, refused as privileged-port"),
            line("PORT 10,1,0,2,0,0", "passed, refused as malformed"),
            line("port 010,001,000,002,019,137", "rewritten, expects 5001"),
            line("EPRT |1|10.1.0.2|70537|", "passed, refused as malformed"),
            line("EPRT |2|fd01::2|5001|", "passed, refused as malformed"),
            line("PORT 10,9,9,9,19,137", "passed, refused as address-mismatch"),
            reply(
                "227 Entering Passive Mode 10,2,0,2,19,137",
                "after PASV",
                "passed, expects 5001",
                after: asked
            ),
            reply(
                "227 Entering Passive Mode (10, 2, 0, 2, 19, 137)",
                "after PASV",
                "passed, expects 5001",
                after: asked
            ),
            reply("227 Logout.", "after QUIT", "passed", after: login + [.client("QUIT\r\n")]),
            ContractExample(
                #"`230-hello\r\n230 ok\r\n227 Entering Passive Mode (10,2,0,2,19,137)\r\n` in one segment, after pipelined PASS and PASV"#,
                "passed, expects 5001",
                after: banner + [
                    .client("USER anonymous\r\n"), .server("331 password\r\n"),
                    .client("PASS guest\r\nPASV\r\n"),
                ],
                .server(
                    "230-hello\r\n230 ok\r\n227 Entering Passive Mode (10,2,0,2,19,137)\r\n",
                    isWatched: true
                )
            ),
            reply(
                "227 (10,2,0,2,0,22)",
                "unasked, after the banner",
                "passed, refused as unsolicited",
                after: banner
            ),
            ContractExample(
                #"`227 Entering Passive Mode (203,0,113,5,19,137)\r\n` after PASV, from a server behind DNAT"#,
                "rewritten, expects 5001",
                after: asked,
                dialled: "198.51.100.7",
                .server("227 Entering Passive Mode (203,0,113,5,19,137)\r\n", isWatched: true)
            ),
            reply(
                "229 Extended (RFC2428) Passive Mode (|||5001|)",
                "after EPSV",
                "passed, expects 5001",
                after: login + [.client("EPSV\r\n")]
            ),
            ContractExample(
                #"`PORT 10,1,0,2,19,137\r\n` as the first bytes of the connection"#,
                "passed, refused as not-logged-in",
                after: [],
                .client("PORT 10,1,0,2,19,137\r\n", isWatched: true)
            ),
            ContractExample(
                #"`POST / HTTP/1.1\r\nHost: x\r\n\r\n` + `PORT 10,1,0,2,19,137\r\n`"#,
                "passed, refused as not-ftp",
                after: [],
                .client("POST / HTTP/1.1\r\nHost: x\r\n\r\n", "PORT 10,1,0,2,19,137\r\n", isWatched: true)
            ),
            manyPorts,
        ] + field

    /// What servers and clients say that no RFC has foreseen.
    private static let field: [ContractExample] = [
        ContractExample(
            #"`USER anonymous\r\nPASS guest\r\nTYPE I\r\nPORT 10,1,0,2,19,137\r\nSTOR x\r\n` in one segment, and then 331, 230"#,
            "rewritten, expects 5001",
            after: banner,
            .client(
                "USER anonymous\r\nPASS guest\r\nTYPE I\r\nPORT 10,1,0,2,19,137\r\nSTOR x\r\n",
                isWatched: true
            ),
            .server("331 password\r\n230 logged in\r\n")
        ),
        ContractExample(
            #"`PASS guest\r\n` answered `220 ok\r\n`, then `PORT 10,1,0,2,19,137\r\n`"#,
            "rewritten, expects 5001",
            after: banner + [
                .client("USER anonymous\r\n"), .server("331 password\r\n"), .client("PASS guest\r\n"),
                .server("220 ok\r\n"),
            ],
            .client("PORT 10,1,0,2,19,137\r\n", isWatched: true)
        ),
        ContractExample(
            #"a 230 line of 5,000 bytes, then `PORT 10,1,0,2,19,137\r\n`"#,
            "rewritten, expects 5001",
            after: login.dropLast() + [.server("230 \(String(repeating: "x", count: 5000))\r\n")],
            .client("PORT 10,1,0,2,19,137\r\n", isWatched: true)
        ),
        reply(
            "227 (10,2,0,2,19,137)",
            "after a `NOOP` that was never answered, and PASV",
            "passed, expects 5001",
            after: login + [
                .client("RETR f\r\n"), .server("125 x\r\n"), .client("NOOP\r\n"), .server("226 ok\r\n"),
                .client("PASV\r\n"),
            ]
        ),
        reply(
            "227 (10,2,0,2,19,137)",
            "after PASV and `250 late`",
            "passed, expects 5001",
            after: asked + [.server("250 late\r\n")]
        ),
        reply(
            "227 (10,2,0,2,19,137)",
            "after FEAT, whose reply of several lines was ended by `200 End`, and PASV",
            "passed, expects 5001",
            after: login + [
                .client("FEAT\r\n"), .server("211-Features\r\n UTF8\r\n200 End\r\n"), .client("PASV\r\n"),
            ]
        ),
        reply(
            "227 (10,2,0,2,19,137)",
            "after EPSV",
            "passed, expects 5001",
            after: login + [.client("EPSV\r\n")]
        ),
        reply("229 (|||5001|)", "after PASV", "passed, expects 5001", after: asked),
        reply(
            "227 (10,2,0,2,19,137)",
            "after `P@SW`",
            "passed, expects 5001",
            after: login + [.client("P@SW\r\n")]
        ),
        reply(
            "227 (10,2,0,3,19,137)",
            "after PASV: another server of a farm",
            "passed, expects 5001",
            after: asked
        ),
        reply("227 (0,0,0,0,19,137)", "after PASV", "rewritten, expects 5001", after: asked),
        ContractExample(
            #"`PORT 10,1,0,2,19,137\r\n` behind a PROXY header, USER and PASS"#,
            "rewritten, expects 5001",
            after: banner + [.client("PROXY TCP4 198.51.100.7 203.0.113.5 40000 21\r\n")] + login.dropFirst(),
            .client("PORT 10,1,0,2,19,137\r\n", isWatched: true)
        ),
    ]

    /// 500 announcements in a row, each answered: ports 5001 to 5500.
    private static var manyPorts: ContractExample {
        let lines = (5001...5500).flatMap { port -> [Step] in
            [
                .client("PORT 10,1,0,2,\(port >> 8),\(port & 255)\r\n", isWatched: true),
                .server("200 announced\r\n"),
            ]
        }
        return ContractExample(
            #"500 lines `PORT 10,1,0,2,…\r\n` in a row, for the ports 5001 to 5500"#,
            "rewritten, expects 5500",
            after: login + lines
        )
    }
}
