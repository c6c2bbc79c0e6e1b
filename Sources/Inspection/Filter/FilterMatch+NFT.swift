// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import PinholeDaemon

extension FilterMatch {
    /// What an element of a verdict map demands: one condition for each part of a concatenation.
    static func all(nft key: JSON, value: JSON) -> [FilterMatch] {
        guard let keys = key["concat"]?.elements, let values = value["concat"]?.elements,
            keys.count == values.count
        else { return [FilterMatch(nft: key, operation: "==", value: value)] }
        return zip(keys, values).map { FilterMatch(nft: $0, operation: "==", value: $1) }
    }

    /// Reads a match; names of sets in `value` are resolved already.
    init(nft left: JSON, operation: String, value: JSON) {
        let list = value["set"]?.elements ?? (value.elements.isEmpty ? [value] : value.elements)
        let values = list.map(NFTSets.value)
        let isNegated = operation == "!="
        if left["ct"]?["key"]?.string == "state" {
            self = .states(Set(values.compactMap(\.string)), isNegated: isNegated)
        } else if Self.isProtocol(left) {
            self = .isTCP(values.contains { $0.string == "tcp" || $0.integer == 6 } != isNegated)
        } else if let name = left["payload"]?["protocol"]?.string, Self.others.contains(name) {
            self = .isTCP(false)
        } else if left["payload"]?["field"]?.string == "dport" {
            self = Self.ports(values, operation)
        } else {
            self = .other
        }
    }

    /// Protocols that nft knows beside TCP.
    private static let others: Set = [
        "udp", "udplite", "icmp", "icmpv6", "igmp", "sctp", "dccp", "ah", "esp",
    ]

    private static func isProtocol(_ left: JSON) -> Bool {
        left["meta"]?["key"]?.string == "l4proto" || left["payload"]?["field"]?.string == "protocol"
    }

    private static func ports(_ values: [JSON], _ operation: String) -> FilterMatch {
        var ranges: [ClosedRange<UInt16>] = []
        for value in values {
            let bounds = value["range"]?.elements ?? [value]
            guard let low = bounds.first?.integer.flatMap(UInt16.init(exactly:)),
                let high = bounds.last?.integer.flatMap(UInt16.init(exactly:)), low <= high
            else { return .other }
            ranges.append(low...high)
        }
        switch (operation, ranges.first) {
        // An empty set matches nothing.
        case ("==", _), ("in", _): return .destinationPorts(ranges)
        case ("!=", _): return .destinationPorts(ranges, isNegated: true)
        case (">=", let first?): return .destinationPorts([first.lowerBound...UInt16.max])
        case ("<=", let first?): return .destinationPorts([0...first.upperBound])
        case (">", let first?): return .destinationPorts([0...first.upperBound], isNegated: true)
        case ("<", let first?):
            return .destinationPorts([first.lowerBound...UInt16.max], isNegated: true)
        default: return .other
        }
    }
}
