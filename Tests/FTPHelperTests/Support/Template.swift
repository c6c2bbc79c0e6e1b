// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// Text in which an address stands for whatever NAT makes of it.
///
/// - `<c>`, `<s>`: the client's or the server's address with commas; `<C>`, `<S>`: as it is written;
/// - `<c0>`: with leading zeros and port 5001; `<s_>`: with a blank behind each comma; both are lost where NAT changes the address;
/// - `<x>`: an address that is nobody's, in place of the server's; `<c16>`: the bytes of an IPv6 address with commas.
enum Template {
    /// What the sender sends.
    static func sent(_ text: String, _ nat: NATCase) -> String {
        let client = nat.mapping.original.source.address
        let server = nat.mapping.reply.source.address
        return fill(text, client, server, client, server).replacing("<x>", with: "198,51,100,77")
    }

    /// What the receiver reads if what the text announces is opened.
    static func read(_ text: String, _ nat: NATCase) -> String {
        fill(
            text,
            nat.mapping.original.source.address,
            nat.mapping.reply.source.address,
            nat.mapping.reply.destination.address,
            nat.mapping.original.destination.address
        )
    }

    private static func fill(
        _ text: String,
        _ client: IPAddress,
        _ server: IPAddress,
        _ clientShown: IPAddress,
        _ serverShown: IPAddress
    ) -> String {
        let padded = numbers(clientShown).map { String(repeating: "0", count: 3 - $0.count) + $0 }
        return
            text
            .replacing("<c>", with: commas(clientShown)).replacing("<C>", with: clientShown.description)
            .replacing("<s>", with: commas(serverShown)).replacing("<S>", with: serverShown.description)
            .replacing(
                "<c0>",
                with: client == clientShown
                    ? padded.joined(separator: ",") + ",019,137" : commas(clientShown) + ",19,137"
            )
            .replacing(
                "<s_>",
                with: server == serverShown
                    ? numbers(server).joined(separator: ", ") : commas(serverShown)
            )
            .replacing("<x>", with: commas(serverShown)).replacing("<c16>", with: commas(clientShown))
    }

    private static func commas(_ address: IPAddress) -> String { numbers(address).joined(separator: ",") }

    private static func numbers(_ address: IPAddress) -> [String] {
        switch address {
        case .v4(let value): stride(from: 24, through: 0, by: -8).map { "\(value >> UInt32($0) & 0xff)" }
        case .v6(let high, let low):
            [high, low].flatMap { half in
                stride(from: 56, through: 0, by: -8).map { "\(half >> UInt64($0) & 0xff)" }
            }
        }
    }
}
