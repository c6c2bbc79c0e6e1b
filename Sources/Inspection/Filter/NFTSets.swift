// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import PinholeDaemon

/// The elements of the named sets and maps of nftables.
struct NFTSets {
    /// By family, table and name: `inet filter ports`.
    private var elements: [String: JSON] = [:]

    /// Reads the objects of `nft --json list ruleset`.
    init(_ objects: [JSON]) {
        for object in objects {
            guard let set = object["set"] ?? object["map"], let family = set["family"]?.string,
                let table = set["table"]?.string, let name = set["name"]?.string
            else { continue }
            elements["\(family) \(table) \(name)"] = set["elem"] ?? .array([])
        }
    }

    /// A value with the elements of a set in place of its name (`@ports`), as an anonymous set has them.
    func resolved(_ value: JSON, in table: String) -> JSON {
        guard let name = value.string, name.hasPrefix("@"),
            let elements = elements["\(table) \(name.dropFirst())"]
        else { return value }
        return .object([JSON.Member("set", elements)])
    }

    /// The value of an element, without what it has besides: a timeout, a counter, a comment.
    static func value(of element: JSON) -> JSON { element["elem"]?["val"] ?? element }
}
