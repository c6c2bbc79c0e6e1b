// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper
import Formats
import Testing

@testable import PinholeDaemon

@Suite struct TransferRenderingTests {
    /// 300,000 bytes of 400,000 in 3.25 seconds.
    private func transfer(
        _ command: TransferCommand? = .retr,
        path: String = "pub/a file",
        user: String = "anonymous",
        isASCII: Bool = false,
        hasData: Bool = true,
        bytes: TransferBytes? = TransferBytes(up: 0, down: 300_000),
        size: UInt64? = 400_000,
        ended: Instant? = Instant(nanoseconds: 4_250_000_000),
        reply: String = "226 Transfer complete."
    ) -> TransferSummary {
        let syn = Tuple(
            source: Endpoint(Samples.server.address, 20),
            destination: Samples.expectation.to
        )
        return TransferSummary(
            master: Samples.mapping.original,
            user: Array(user.utf8),
            command: command,
            path: Array(path.utf8),
            isASCII: isASCII,
            data: hasData
                ? DataConnection(ExpectedConnection(expectation: Samples.expectation, original: syn)) : nil,
            size: size,
            offset: 0,
            bytes: bytes,
            began: Samples.now,
            ended: ended,
            reply: Array(reply.utf8)
        )
    }

    private func record(_ transfer: TransferSummary) -> EventRecord {
        EventRecord(.transfer(transfer), time: 1_700_000_000.0625, instant: Samples.now)
    }

    private let data =
        #""data":{"id":1,"kind":"PORT","from":"10.2.0.2:20","to":"10.2.0.100:5001","answer":null}"#

    @Test func `a running transfer as JSON`() {
        let now = Instant(nanoseconds: 2_500_000_000)
        #expect(
            transfer(ended: nil, reply: "").json(at: now).text
                == #"{"client":"10.1.0.2:40112","server":"10.2.0.2:21","user":"anonymous","command":"RETR","#
                + #""path":"pub/a file","direction":"download",\#(data),"bytes":{"up":0,"down":300000},"#
                + #""size":400000,"offset":0,"progress":0.75,"seconds":1.5,"reply":""}"#
        )
    }

    @Test func `a running transfer as text`() {
        #expect(
            transfer(ended: nil, reply: "").text(at: Instant(nanoseconds: 2_500_000_000))
                == #"RETR client=10.1.0.2:40112 server=10.2.0.2:21 user=anonymous path="pub/a file" "#
                + "direction=download up=0 down=300000 size=400000 progress=75% seconds=1.500 id=1 kind=PORT "
                + "from=10.2.0.2:20 to=10.2.0.100:5001"
        )
    }

    @Test func `the event has the reply and the duration`() {
        #expect(
            record(transfer()).text
                == "2023-11-14T22:13:20.063Z transfer client=10.1.0.2:40112 server=10.2.0.2:21 user=anonymous "
                + #"command=RETR path="pub/a file" direction=download up=0 down=300000 size=400000 "#
                + "progress=75% seconds=3.250 id=1 kind=PORT from=10.2.0.2:20 to=10.2.0.100:5001 "
                + #"reply="226 Transfer complete.""#
        )
        #expect(
            record(transfer()).json.text.hasSuffix(
                #""progress":0.75,"seconds":3.25,"reply":"226 Transfer complete."}"#
            )
        )
    }

    @Test func `an unknown number is not shown as 0`() {
        let unknown = transfer(nil, path: "", hasData: false, bytes: nil, size: nil, reply: "")
        #expect(
            record(unknown).text
                == #"2023-11-14T22:13:20.063Z transfer client=10.1.0.2:40112 server=10.2.0.2:21 user=anonymous path="" "#
                + #"up=unknown down=unknown seconds=3.250 reply="""#
        )
        #expect(
            record(unknown).json.text.contains(
                #""command":null,"path":"","direction":null,"data":null,"bytes":null,"size":null,"#
            )
        )
    }

    @Test func `neither path nor reply can break out of a line or a string`() {
        let shown = record(transfer(path: "a\n\u{1b}[2J\"é", reply: "226 \r\u{7}"))
        #expect(shown.text.contains(#"path="a\n\x1b[2J\"\xc3\xa9" direction"#))
        #expect(shown.text.hasSuffix(#"reply="226 \r\x07""#))
        #expect(shown.json.text.contains(#""path":"a\\n\\x1b[2J\"\\xc3\\xa9","direction""#))
    }

    // MARK: xferlog

    /// The line behind its time.
    private func xferlog(_ transfer: TransferSummary) -> String? {
        record(transfer).xferlog.map { $0.split(separator: " ").dropFirst(5).joined(separator: " ") }
    }

    @Test func `an xferlog line has the fields of the format in their order`() throws {
        let line = try #require(record(transfer()).xferlog)
        #expect(
            line.wholeMatch(of: /[A-Z][a-z]{2} [A-Z][a-z]{2} [0-3]\d \d\d:\d\d:\d\d 2023 .*/) != nil,
            "\(line)"
        )
        #expect(xferlog(transfer()) == "3 10.1.0.2 300000 pub/a_file b _ o a anonymous ftp 0 * c")
        #expect(record(transfer()).line(.xferlog) == "\(line)\n")
    }

    @Test func `an xferlog line shows uploads, text mode, a real user and failures`() {
        let upload = transfer(
            .stor,
            user: "joe doe",
            isASCII: true,
            bytes: TransferBytes(up: 9, down: 1),
            ended: Samples.now,
            reply: "426 aborted"
        )
        #expect(xferlog(upload) == "1 10.1.0.2 9 pub/a_file a _ i r joe_doe ftp 0 * i")
        #expect(xferlog(transfer(.appe, reply: ""))?.hasSuffix("_ i a anonymous ftp 0 * i") == true)
    }

    @Test func `an xferlog line has a fixed number of words`() {
        let strange = transfer(.stou, path: "", user: "\n \u{1b}é", hasData: false, bytes: nil)
        #expect(xferlog(strange) == "3 10.1.0.2 0 * b _ i r _____ ftp 0 * c")
    }

    @Test(arguments: [TransferCommand.list, .nlst, .mlsd, nil])
    func `an xferlog contains no listings`(_ command: TransferCommand?) {
        #expect(record(transfer(command)).xferlog == nil)
        #expect(!record(transfer(command)).isShown(in: .xferlog))
        #expect(record(transfer(command)).isShown(in: .text))
    }

    @Test func `an xferlog contains only transfers`() {
        let record = EventRecord(.expectation(Samples.expectation), time: 0, instant: Samples.now)
        #expect(!record.isShown(in: .xferlog))
        #expect(record.isShown(in: .json))
    }
}
