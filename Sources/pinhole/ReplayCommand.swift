// SPDX-License-Identifier: GPL-2.0-or-later
import Captures
import Commands
import Formats
import FTPHelper
import Linux
import Messages
import PinholeDaemon
import Replay

/// `pinhole replay`.
enum ReplayCommand: Subcommand {
    static let name = "replay"
    static let summary = "show the events of a capture (- for standard input)"
    static let operands = ["FILE"]
    static let options: [Option] = [.json, .ports, anyPort]

    private static let anyPort = Option(
        "any-port",
        nil,
        "recognise control connections by their content"
    )

    static func run(_ arguments: Arguments) throws(UserError) {
        let path = arguments.operands[0]
        let ports = try arguments.given(.ports)?.numbers(in: 1...UInt16.max)
        guard ports == nil || !arguments.has(anyPort) else {
            throw usage("--ports and --any-port exclude each other")
        }
        var capture: CaptureFile
        do {
            capture = try CaptureFile.open(path)
        } catch {
            throw UserError("\(error)", hint: "give a capture, pcap or pcapng")
        }
        guard let linkType = LinkType(capture.linkType) else {
            throw UserError(
                "\(path) has frames of link type \(capture.linkTypeName)",
                hint: "capture on Ethernet, loopback, \"any\", or a device with bare IP packets"
            )
        }
        let selected = ports ?? [21]
        var replay = Replay(linkType, arguments.has(anyPort) ? .content : .ports(Set(selected)))
        while try advance(&capture, &replay) {
            for record in replay.takeRecords() {
                try StandardOutput.line(arguments.has(.json) ? record.json.text : record.text)
            }
        }
        if !replay.hasFound, !arguments.has(anyPort) {
            let list = selected.map(String.init).joined(separator: ", ")
            StandardError.write(
                "pinhole: the capture has no control connection at port \(list): look at all with --any-port\n"
            )
        }
    }

    /// Replays one frame; `false` at the end of the capture.
    private static func advance(_ capture: inout CaptureFile, _ replay: inout Replay) throws(UserError)
        -> Bool
    {
        do {
            return try capture.next { replay.receive($0, $1) }
        } catch {
            // Such as `truncated dump file; tried to read 16 captured bytes, only got 7`.
            let isCut = "\(error)".contains("truncated")
            throw UserError(
                "\(error)",
                hint: isCut
                    ? "the events before that are shown; get the whole capture"
                    : "the events before that are shown; capture on one interface, or convert the file with editcap"
            )
        }
    }
}
