// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
@testable import FTPHelper
import Testing

/// What remains of a password in the memory of this process.
///
/// The packets have it in lower case, and in upper case only while the tracker looks at them: the test itself keeps no copy.
@Suite struct MemoryTests {
    private let password = String((0..<24).compactMap { _ in "abcdefghijklmnopqrstuvwxyz".randomElement() })
    private let mapping = NATCase.all[0].mapping

    /// Sends text of the client in upper case, `offset` bytes after the end of the bytes sent before.
    private func say(_ text: String, at offset: Int = 0, on dialogue: inout Dialogue) {
        var packet = dialogue.segment(.client, text.utf8, offset: offset).bytes
        for index in packet.count - text.utf8.count..<packet.count
        where (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(packet[index]) {
            packet[index] -= 32
        }
        _ = dialogue.tracker.receive(packet.span, at: dialogue.now, into: &dialogue.output)
        dialogue.output.clear()
        packet.wipe()
    }

    /// Tells whether the password is in memory in upper case.
    private func isInMemory() throws -> Bool {
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../NetfilterTests/Scripts/find.py")
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = ["-B", script.path, password]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let said = try pipe.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        return String(decoding: try #require(said), as: UTF8.self) == "True\n"
    }

    @Test func `no part of an unfinished password line remains in memory after the connection ends`()
        throws
    {
        var dialogue = Dialogue.ready(mapping)
        // Repeated so that the next owner of the memory does not overwrite all of it.
        say("pass " + String(repeating: password, count: 100), on: &dialogue)
        #expect(try isInMemory())
        dialogue.perform { $0.end(mapping, at: $1, into: &$2) }
        #expect(try !isInMemory())
    }

    @Test func `no part of a password line that outgrows its buffer remains in memory`() throws {
        var dialogue = Dialogue.ready(mapping)
        let parts = ["pass \(password)"] + Array(repeating: String(repeating: "x", count: 900), count: 3)
        var offset = 0
        for part in parts + ["\r\n"] {
            say(part, at: offset, on: &dialogue)
            offset += part.utf8.count
        }
        dialogue.perform { $0.end(mapping, at: $1, into: &$2) }
        #expect(try !isInMemory())
    }
}
