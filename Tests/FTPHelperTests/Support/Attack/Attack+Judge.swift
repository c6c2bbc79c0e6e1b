// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// Right and wrong.
extension Attack {
    mutating func judge() {
        for expectation in gateway.takeOpened() {
            openings += 1
            judge(expectation)
        }
    }

    /// Reports expectations that must not be open.
    mutating func judge(_ expectation: Expectation) {
        guard complaint == nil, !rightful.contains(where: { $0 == expectation }) else { return }
        guard !isRightful(expectation) else {
            rightful.append(expectation)
            return
        }
        complaint =
            "\(expectation.kind) opens \(expectation.translatedTo) to \(expectation.from) against the \(side)"
    }

    func isRightful(_ expectation: Expectation) -> Bool {
        let end = expectation.translatedTo
        let client = words.mapping.original.source.address
        let server = words.mapping.reply.source.address
        let (own, other) = side == .client ? (client, server) : (server, client)
        let isToHonestEnd = expectation.kind.isActive == (side == .client)
        guard end.address == (isToHonestEnd ? own : other),
            expectation.from == (isToHonestEnd ? other : own)
        else { return false }
        guard isToHonestEnd else {
            // A dishonest end may be reached anywhere, if it was asked or speaks to a server.
            return side == .server || asked.contains { $0 <= honest.sent } || isOfAdopted(nil)
        }
        return announced.contains { $0.port == end.port && $0.end <= honest.sent } || isOfAdopted(end.port)
    }

    /// Tells whether a connection whose beginning was out of sight has a line that announces a port, or asks for one.
    ///
    /// The position within a line is unknown when such a connection is first seen, so the end of a line counts as a line.
    func isOfAdopted(_ port: UInt16?) -> Bool {
        guard gateway.mayBeAdopted else { return false }
        let text = honest.text[..<honest.sent]
        return text.split(separator: UInt8(ascii: "\n")).contains { line in
            line.indices.contains { start in
                "PELpel2".utf8.contains(line[start])
                    && announces(line[start...] + [UInt8(ascii: "\n")], port)
            }
        }
    }

    func announces(_ text: ArraySlice<UInt8>, _ port: UInt16?) -> Bool {
        let line = Array(text)
        let family = words.mapping.original.source.address
        if let command = Command(parsing: line.span) {
            guard let port else { return command.verb.solicits != nil }
            return Announcement(command, in: line.span, on: family)?.port == port
        }
        guard let port, let reply = Reply(parsing: line.span) else { return false }
        return [.pasv, .epsv, .lpsv].contains { kind in
            reply.code == Announcement.code(of: kind)
                && Announcement(kind, in: line.span, on: family)?.port == port
        }
    }

    /// Complains of bytes of the honest end that are not its own, where nothing has to be rewritten.
    ///
    /// An end that acknowledges bytes it never received may be opened anything.
    mutating func compare(_ segment: WireSegment) {
        guard complaint == nil, !hasLied, !gateway.hasEdited || side == .server,
            !segment.flags.contains(.rst)
        else { return }
        let start = Int(Int32(bitPattern: segment.firstByte &- honest.position(0)))
        for (index, byte) in segment.payload.enumerated() {
            let offset = start + index
            guard honest.text.indices.contains(offset), honest.text[offset] == byte else {
                complaint = "the \(side)'s bytes are not its own at \(offset)"
                return
            }
        }
        if start <= arrived { arrived = max(arrived, start + segment.payload.count) }
    }
}
