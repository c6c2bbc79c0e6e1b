// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// Rewrites whole lines as NAT requires, knowing nothing of segments.
struct NaiveEditor {
    let nat: NATCase

    init(_ nat: NATCase) { self.nat = nat }

    /// Returns whether a line in the text announces an endpoint of its sender that may be opened.
    func announces(_ text: String) -> Bool { lines(text).contains { found($0) != nil } }

    /// The text with the address of each line that announces replaced; as it is if nothing may open.
    func edit(_ text: String, isAllowed: Bool) -> String {
        guard isAllowed else { return text }
        let bytes = lines(text).flatMap { line in
            guard let found = found(line) else { return line }
            let mapping = nat.mapping
            let isActive = found.kind.isActive
            let shown = isActive ? mapping.reply.destination.address : mapping.original.destination.address
            guard let advertised = found.address, advertised != shown else { return line }
            return line[..<found.field.lowerBound] + found.field(for: Endpoint(shown, found.port))
                + line[found.field.upperBound...]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func found(_ line: [UInt8]) -> Announcement? {
        guard let found = Announcement(line: line, on: nat.mapping.original.source.address),
            found.port >= 1024
        else { return nil }
        guard found.kind.isActive else { return found }
        let own = [nat.mapping.original.source.address, nat.mapping.reply.destination.address]
        return found.address.map(own.contains) == true ? found : nil
    }

    private func lines(_ text: String) -> [[UInt8]] {
        var lines: [[UInt8]] = [[]]
        for byte in text.utf8 {
            lines[lines.count - 1].append(byte)
            if byte == UInt8(ascii: "\n") { lines.append([]) }
        }
        return lines
    }
}
