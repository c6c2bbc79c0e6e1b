// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import TestPackets

/// What a client and a server send each other, as packets.
struct Conversation {
    /// The tuple of the client's packets.
    let tuple: Tuple
    /// The tuple of the server's packets.
    private let reply: Tuple
    private var clientNext: UInt32 = 1000
    private var serverNext: UInt32 = 0xffff_fff0

    /// - Parameters:
    ///   - client: sends the SYN.
    ///   - server: where it goes.
    ///   - reply: the tuple of the server's packets, where they come from the other side of a NAT.
    init(_ client: Endpoint = Samples.client, _ server: Endpoint = Samples.server, reply: Tuple? = nil) {
        tuple = Tuple(source: client, destination: server)
        self.reply = reply ?? tuple.inverted
    }

    /// SYN, SYN-ACK, ACK.
    mutating func handshake() -> [[UInt8]] { [client("", [.syn]), server("", [.syn, .ack]), client("")] }

    mutating func client(_ text: String, _ flags: TCPFlags = [.ack]) -> [UInt8] {
        defer { clientNext &+= UInt32(text.utf8.count) + (flags.isDisjoint(with: [.syn, .fin]) ? 0 : 1) }
        return packet(tuple, flags, sequence: clientNext, acknowledgement: serverNext, text)
    }

    mutating func server(_ text: String, _ flags: TCPFlags = [.ack]) -> [UInt8] {
        defer { serverNext &+= UInt32(text.utf8.count) + (flags.isDisjoint(with: [.syn, .fin]) ? 0 : 1) }
        return packet(reply, flags, sequence: serverNext, acknowledgement: clientNext, text)
    }

    /// Lines, each behind `C` or `S` for its side and without its end, one packet a line.
    mutating func play(_ lines: [String]) -> [[UInt8]] {
        lines.map { line in
            let text = String(line.dropFirst()) + "\r\n"
            return line.first == "C" ? client(text) : server(text)
        }
    }

    /// From the handshake to the login.
    mutating func login() -> [[UInt8]] {
        handshake() + play(["S220 ready", "CUSER joe", "S331 password", "CPASS secret", "S230 welcome"])
    }
}
