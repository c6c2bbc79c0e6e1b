// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper

extension TraceTarget {
    /// Reads `10.1.0.2`, `10.1.0.0/24`, `10.1.0.2:40112`, `fd01::2` or `[fd01::2]:40112`; `nil` if it is none of these.
    package init?(parsing text: some StringProtocol) {
        let text = String(text)
        if let prefix = AddressPrefix(parsing: Array(text.utf8).span) {
            self.init(prefix, port: nil)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            port > 0
        else { return nil }
        var address = text[..<colon]
        if address.hasPrefix("["), address.hasSuffix("]") {
            address = address.dropFirst().dropLast()
        } else if address.contains(":") {
            return nil
        }
        guard let prefix = AddressPrefix(parsing: Array(address.utf8).span) else { return nil }
        self.init(prefix, port: port)
    }
}

extension TraceTarget: CustomStringConvertible {
    package var description: String {
        let isWhole = prefix.length == (prefix.address.isSameFamily(as: .v4(0)) ? 32 : 128)
        let range = isWhole ? "\(prefix.address)" : "\(prefix.address)/\(prefix.length)"
        guard let port else { return range }
        return range.contains(":") ? "[\(range)]:\(port)" : "\(range):\(port)"
    }
}
