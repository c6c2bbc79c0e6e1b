// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper
import PinholeDaemon
import Testing

@Suite struct EventRecordTests {
    private func record(_ event: Event, frame: UInt64? = nil) -> EventRecord {
        EventRecord(event, time: 1_700_000_000.0625, instant: Samples.now, frame: frame)
    }

    private let expectation =
        #""id":1,"kind":"PORT","master":{"client":"10.1.0.2:40112","server":"10.2.0.2:21"},"#
        + #""from":"10.2.0.2","to":"10.2.0.100:5001","#
        + #""translated":{"from":"10.2.0.2","to":"10.1.0.2:5001"},"expires_in":299.2"#

    @Test func `an expectation that opens or expires has its fields`() {
        let opened = record(.expectation(Samples.expectation))
        #expect(opened.json.text == #"{"time":1700000000.063,"event":"expectation",\#(expectation)}"#)
        let expired = record(.expired(Samples.expectation))
        #expect(
            expired.json.text.hasPrefix(
                #"{"time":1700000000.063,"event":"expired",\#(expectation),"explanation":"no SYN came from the server "#
                    + "10.2.0.2 to 10.2.0.100 port 5001: "
            )
        )
    }

    @Test(arguments: BlockedConnection.Stage.allCases)
    func `an unanswered data connection is reported with its destination`(
        stage: BlockedConnection.Stage
    ) {
        let blocked = BlockedConnection(
            master: Samples.mapping.original,
            id: 1,
            kind: .port,
            arriving: Tuple(
                source: Endpoint(Samples.server.address, 20),
                destination: Endpoint(Samples.gateway, 5001)
            ),
            leaving: Tuple(
                source: Endpoint(Samples.server.address, 20),
                destination: Endpoint(Samples.client.address, 5001)
            ),
            stage: stage,
            seconds: 4
        )
        let (json, text) = (record(.blocked(blocked)).json.text, record(.blocked(blocked)).text)
        #expect(
            json.hasPrefix(
                #"{"time":1700000000.063,"event":"blocked","id":1,"kind":"PORT","client":"10.1.0.2:40112","#
                    + #""server":"10.2.0.2:21","opener":"server","from":"10.2.0.2:20","to":"10.2.0.100:5001","#
                    + #""translated":{"from":"10.2.0.2:20","to":"10.1.0.2:5001"},"stage":"\#(stage.rawValue)","#
                    + #""seconds":4,"explanation":""#
            )
        )
        #expect(json.contains("10.1.0.2 port 5001"))
        #expect(
            text.hasPrefix(
                "2023-11-14T22:13:20.063Z blocked id=1 kind=PORT client=10.1.0.2:40112 server=10.2.0.2:21 opener=server "
                    + "from=10.2.0.2:20 to=10.2.0.100:5001 translated-from=10.2.0.2:20 translated-to=10.1.0.2:5001 "
                    + "stage=\(stage.rawValue) seconds=4 explanation="
            )
        )
    }

    @Test(arguments: Event.Closing.allCases)
    func `a closed expectation has its reason`(_ reason: Event.Closing) {
        let closed = record(.closed(Samples.expectation, reason))
        #expect(
            closed.json.text
                == #"{"time":1700000000.063,"event":"closed",\#(expectation),"reason":"\#(reason.rawValue)"}"#
        )
        #expect(closed.text.hasSuffix(" reason=\(reason.rawValue)"))
    }

    @Test func `a data connection has its source endpoint`() {
        let data = record(.data(Samples.expectation, from: Endpoint(Samples.server.address, 20)))
        #expect(data.json.text.contains(#""event":"data","id":1,"kind":"PORT","#))
        #expect(data.json.text.contains(#""from":"10.2.0.2:20","to":"10.2.0.100:5001""#))
        #expect(
            data.text
                == "2023-11-14T22:13:20.063Z data id=1 kind=PORT client=10.1.0.2:40112 server=10.2.0.2:21 from=10.2.0.2:20 "
                + "to=10.2.0.100:5001 translated-from=10.2.0.2 translated-to=10.1.0.2:5001"
        )
    }

    @Test(arguments: [
        (Event.connection(Samples.summary()), "connection"),
        (Event.connectionClosed(Samples.summary()), "connection-closed"),
        (Event.encrypted(Samples.summary()), "encrypted"),
    ])
    func `an event of a connection has the fields of the connection`(_ event: Event, _ name: String) {
        let fields = Samples.summary().json(at: Samples.now).text.dropFirst().replacing(
            #","age":1,"idle":0"#,
            with: ""
        )
        #expect(record(event).json.text == #"{"time":1700000000.063,"event":"\#(name)",\#(fields)"#)
        #expect(
            record(event).text.hasPrefix(
                "2023-11-14T22:13:20.063Z \(name) state=ready client=10.1.0.2:40112 "
            )
        )
    }

    @Test func `a refusal has its reason and the line, escaped`() {
        let refusal = Refusal(
            reason: .addressMismatch,
            kind: .eprt,
            connection: Samples.mapping.original,
            line: Array("EPRT |1|\u{1}\\".utf8)
        )
        #expect(
            record(.refused(refusal)).json.text
                == #"{"time":1700000000.063,"event":"refused","reason":"address-mismatch","kind":"EPRT","#
                + #""client":"10.1.0.2:40112","server":"10.2.0.2:21","line":"EPRT |1|\\x01\\x5c","#
                + #""explanation":"\#(refusal.explanation)"}"#
        )
        #expect(
            record(.refused(refusal)).text
                == "2023-11-14T22:13:20.063Z refused reason=address-mismatch kind=EPRT client=10.1.0.2:40112 "
                + #"server=10.2.0.2:21 line="EPRT |1|\x01\x5c" explanation="\#(refusal.explanation)""#
        )
    }

    @Test(arguments: [true, false])
    func `a line that was rewritten or left unchanged has both endpoints`(isRewritten: Bool) {
        let announced = Endpoint(IPAddress.v4(0x0a02_0003), 5001)
        let decision = AddressDecision(
            kind: .pasv,
            connection: Samples.mapping.original,
            announced: announced,
            told: isRewritten ? Endpoint(Samples.server.address, 5001) : announced
        )
        let name = isRewritten ? "rewritten" : "left-alone"
        let told = isRewritten ? "10.2.0.2:5001" : "10.2.0.3:5001"
        let json = record(.addressDecision(decision)).json.text
        #expect(
            json.hasPrefix(
                #"{"time":1700000000.063,"event":"\#(name)","kind":"PASV","client":"10.1.0.2:40112","#
                    + #""server":"10.2.0.2:21","announced":"10.2.0.3:5001","told":"\#(told)""#
            )
        )
        #expect(json.contains("'loose = yes'") == !isRewritten)
        #expect(
            record(.addressDecision(decision)).text.hasPrefix(
                "2023-11-14T22:13:20.063Z \(name) kind=PASV client=10.1.0.2:40112 server=10.2.0.2:21 announced=10.2.0.3:5001 "
                    + "told=\(told)"
            )
        )
    }

    @Test(arguments: UnopenedReason.allCases)
    func `an unopened session has its reason and an explanation`(reason: UnopenedReason) {
        let json = record(.unopened(Samples.summary(), reason)).json.text
        #expect(
            json.contains(#""event":"unopened""#)
                && json.contains(#""reason":"\#(reason.rawValue)","explanation":""#)
        )
        #expect(
            record(.unopened(Samples.summary(), reason)).text.contains(
                " reason=\(reason.rawValue) explanation="
            )
        )
    }

    @Test func `a refused attempt of an encrypted session is reported with the configured values`() {
        let tried = Endpoint(Samples.gateway, 30001)
        let session = Samples.summary(access: Samples.access)
        let json = record(.unopened(session, .ftpsPort, tried: tried)).json.text
        #expect(json.contains(#""reason":"ftps-port","tried":"10.2.0.100:30001","explanation":""#))
        #expect(json.contains("tried port 30001 of the server, and 'ftps-ports' is 49000-50000: "))
        #expect(json.contains("[server 10.2.0.2]"))
        let text = record(.unopened(session, .ftpsAddress, tried: tried)).text
        #expect(text.contains(" reason=ftps-address tried=10.2.0.100:30001 explanation="))
        #expect(text.contains("tried 10.2.0.100, but knows the server as 10.2.0.2: "))
    }

    @Test func `a refusal without a command has null for its kind`() {
        let refusal = Refusal(reason: .notFTP, kind: nil, connection: Samples.mapping.original, line: [])
        #expect(record(.refused(refusal)).json.text.contains(#""reason":"not-ftp","kind":null,"client""#))
        #expect(
            record(.refused(refusal)).text.contains(
                #" refused reason=not-ftp client=10.1.0.2:40112 server=10.2.0.2:21 line="" explanation="#
            )
        )
    }

    @Test func `a refused line has at most 120 characters after escaping`() throws {
        let line = [UInt8](repeating: 0xff, count: 120)
        let refusal = Refusal(
            reason: .malformed,
            kind: .port,
            connection: Samples.mapping.original,
            line: line
        )
        let text = record(.refused(refusal)).text
        let shown = try #require(text.firstRange(of: "line=")).upperBound
        #expect(text[shown...].prefix { $0 != " " } == String(repeating: #"\xff"#, count: 30)[...])
    }

    @Test func `an event of a capture has the number of its frame`() {
        let opened = record(.expectation(Samples.expectation), frame: 12)
        #expect(
            opened.json.text.hasPrefix(#"{"time":1700000000.063,"frame":12,"event":"expectation","id":1,"#)
        )
        #expect(opened.text.hasPrefix("2023-11-14T22:13:20.063Z expectation frame=12 id=1 "))
    }

    @Test(arguments: [
        (0.0, "00.000"), (1.0004, "01.000"), (1.9996, "02.000"), (5.05, "05.050"), (-1.0, "00.000"),
    ])
    func `the time is rounded to milliseconds`(_ time: Double, _ text: String) {
        let record = EventRecord(.expectation(Samples.expectation), time: time, instant: Samples.now)
        #expect(record.text.hasPrefix("1970-01-01T00:00:\(text)Z expectation "))
    }
}
