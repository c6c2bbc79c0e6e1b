// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Netfilter

extension NetworkNamespace {
    /// Creates the sets as the rules do.
    func createSets(of backend: PinholeSet.Backend) throws {
        switch backend {
        case .nft:
            try createTable(flags: "flags timeout")
        case .iptables:
            try run("ipset create pinhole4 hash:ip,port,ip family inet timeout 300")
            try run("ipset create pinhole6 hash:ip,port,ip family inet6 timeout 300")
        }
    }

    /// Creates the program's nftables table with both sets, which have the given specification.
    func createTable(
        type: String = "ipv4_addr . inet_service . ipv4_addr",
        type6: String = "ipv6_addr . inet_service . ipv6_addr",
        flags: String
    ) throws {
        let sets = [("pinhole4", type), ("pinhole6", type6)].map { "set \($0) { type \($1); \(flags); }" }
        try run("nft -f -", input: "table inet pinhole {\n\(sets.joined(separator: "\n"))\n}\n")
    }

    /// The members of one of the sets, such as `10.2.0.100 5001 10.2.0.2`, with their remaining seconds.
    func members(of family: PinholeSet.Family, _ backend: PinholeSet.Backend) throws -> [String: Int] {
        let members: [(String, Int)]
        switch backend {
        case .nft:
            let text = try run("nft --json list set inet pinhole \(family.name)")
            let listing = try JSONDecoder().decode(Listing.self, from: Data(text.utf8))
            members = listing.nftables.flatMap { $0.set?.elem ?? [] }.map { element in
                (element.elem.val.concat.map(\.text).joined(separator: " "), element.elem.expires)
            }
        case .iptables:
            let lines = try run("ipset save \(family.name)").split(separator: "\n").map {
                $0.split { " ,".contains($0) }
            }
            members = lines.filter { $0.first == "add" }.map { words in
                ("\(words[2]) \(words[3].dropFirst(4)) \(words[4])", words.last.flatMap { Int($0) } ?? 0)
            }
        }
        return Dictionary(uniqueKeysWithValues: members)
    }
}

/// The output of `nft --json list set`.
private struct Listing: Decodable {
    struct Object: Decodable { let set: Set? }
    struct Set: Decodable { let elem: [Element]? }
    struct Element: Decodable { let elem: Content }
    struct Content: Decodable {
        let val: Value
        let expires: Int
    }
    struct Value: Decodable { let concat: [Part] }
    /// An address, or a port.
    struct Part: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            text = try (try? value.decode(String.self)) ?? String(value.decode(Int.self))
        }
    }
    let nftables: [Object]
}
