// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Linux
import TestFiles
import Testing

@testable import PinholeDaemon

@Suite struct StateFileTests {
    private let directory: TemporaryDirectory
    private let identity = StateFile.identity(ofBoot: "this one")
    private var path: String { "\(directory.path)/state" }

    init() throws { directory = try TemporaryDirectory() }

    private func make(connections: Int = 100) throws -> StateFile {
        try StateFile.create(for: path, identity: identity, connections: connections)
    }

    private func bytes() throws -> [UInt8] { try #require(try PrivateFile.read(path, owner: nil)) }

    private func records() throws -> [[UInt64]]? {
        StateFile.contents(of: try bytes(), identity: identity)?.records.map(\.words)
    }

    private func record(_ count: Int, _ word: UInt64 = 1) -> [UInt64] { Array(repeating: word, count: count) }

    @Test func `the last record of each connection is read, the newest first`() throws {
        var state = try make()
        try state.publish()
        #expect(try records() == [])
        var one = try state.keep(record(4, 1), inPlaceOf: 0)
        let two = try state.keep(record(45, 2), inPlaceOf: 0)
        let three = try state.keep(record(10, 3), inPlaceOf: 0)
        one = try state.keep(record(11, 4), inPlaceOf: one)
        #expect(try state.keep(nil, inPlaceOf: three) == 0)
        #expect(try records() == [record(11, 4), record(45, 2)])
        #expect(try state.keep(nil, inPlaceOf: one) == 0)
        #expect(try state.keep(nil, inPlaceOf: two) == 0)
        #expect(try records() == [])
    }

    @Test func `a record may be as large as the announcements of one packet make it`() throws {
        var state = try make(connections: 2000)
        try state.publish()
        let large = (0..<20_000).map { UInt64($0) * 0x0101_0101_0101 }
        var place = try state.keep(record(9), inPlaceOf: 0)
        place = try state.keep(large, inPlaceOf: place)
        #expect(try records() == [large])
        place = try state.keep(record(9), inPlaceOf: place)
        #expect(try records() == [record(9)])
    }

    @Test func `the file grows with its content up to its limit`() throws {
        var state = try make(connections: 4000)
        try state.publish()
        let empty = try bytes().count
        var places = try (0..<4000).map { try state.keep(record(9, $0), inPlaceOf: 0) }
        #expect(try records()?.count == 4000)
        let size = try bytes().count
        #expect(empty < 100_000 && size < 4000 * 150, "\(empty), \(size)")
        places = try places.map { try state.keep(record(9, 7), inPlaceOf: $0) }
        #expect(try bytes().count == size)
        #expect(throws: full) { for _ in 0..<100_000 { _ = try state.keep(record(9), inPlaceOf: 0) } }
        _ = try state.keep(nil, inPlaceOf: places[0])
        _ = try state.keep(record(9, 9), inPlaceOf: 0)
        #expect(try records()?.first == record(9, 9))
    }

    private let full = SystemError("save the state of a connection", code: ENOSPC)
    private let guaranteed = StateFile.guaranteedSlots * StateFile.dataSize

    @Test func `every connection has its guaranteed room, whatever the others use`() throws {
        var state = try make(connections: 100)
        try state.publish()
        var others = Array(repeating: 0, count: 50)
        // Each takes as much as it can get, of what there is for all and then of what there is for it.
        for size in [4000, 1000, 500, 100, guaranteed + 1, guaranteed] {
            for index in others.indices where others[index] == 0 {
                if let place = try? state.keep(record(size, 1), inPlaceOf: others[index]) {
                    others[index] = place
                }
            }
        }
        #expect(others.allSatisfy { $0 != 0 })
        #expect(throws: full) { try state.keep(record(guaranteed + 1), inPlaceOf: 0) }
        var honest = try (0..<50).map { try state.keep(record(guaranteed, UInt64(10 + $0)), inPlaceOf: 0) }
        for round in 1...3 {
            for index in honest.indices {
                honest[index] = try state.keep(
                    record(guaranteed, UInt64(100 * round + index)),
                    inPlaceOf: honest[index]
                )
            }
        }
        // One that comes when another goes may be written before the other is given up.
        _ = try state.keep(record(guaranteed, 7), inPlaceOf: 0)
        let found = try records() ?? []
        #expect((0..<50).allSatisfy { found.contains(record(guaranteed, UInt64(300 + $0))) })
    }

    @Test func `an old record stays if there is no room for the new one`() throws {
        var state = try make(connections: 1)
        try state.publish()
        let place = try state.keep(record(20, 1), inPlaceOf: 0)
        #expect(throws: full) { try state.keep(record(20_000, 2), inPlaceOf: place) }
        #expect(try records() == [record(20, 1)])
        _ = try state.keep(record(20, 3), inPlaceOf: place)
        #expect(try records() == [record(20, 3)])
    }

    @Test func `a record with a cycle of slots or a slot outside of the file is ignored`() throws {
        var state = try make()
        try state.publish()
        let place = try state.keep(record(25, 1), inPlaceOf: 0)
        let words = StateFile.words(of: try bytes())
        func next(behind slot: Int) -> Int { Int(words[slot * StateFile.slotSize] & 0xffff_ffff) }
        func records(leading slot: Int, to next: Int) -> [[UInt64]]? {
            var words = words
            let offset = slot * StateFile.slotSize
            words[offset] = UInt64(next)
            let sum = StateFile.checksum(words.span.extracting(offset..<offset + StateFile.slotSize))
            words[offset] |= UInt64(sum) << 32
            let bytes = words.flatMap { word in
                (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
            }
            return StateFile.contents(of: bytes, identity: identity)?.records.map(\.words)
        }
        let second = next(behind: place)
        let last = next(behind: second)
        #expect(records(leading: last, to: 0) == [record(25, 1)])
        #expect(records(leading: last, to: second) == [])
        #expect(records(leading: last, to: words.count / StateFile.slotSize) == [])
    }

    @Test func `room for more connections can be reserved at any time`() throws {
        var state = try make(connections: 1)
        try state.publish()
        let fill = { (state: inout StateFile) throws -> Int in
            var count = 0
            while (try? state.keep(record(guaranteed), inPlaceOf: 0)) != nil { count += 1 }
            return count
        }
        let first = try fill(&state)
        state.reserve(connections: 101)
        #expect(try fill(&state) >= 100)
        // Those that there are stay, however few there may be from now on.
        state.reserve(connections: 1)
        #expect(try records()?.count ?? 0 >= first + 100)
    }

    @Test func `after a kill at any byte of a write the file has the old record or the new one`() throws {
        var state = try make()
        try state.publish()
        let place = try state.keep(record(25, 1), inPlaceOf: 0)
        let before = try bytes()
        _ = try state.keep(record(25, 2), inPlaceOf: place)
        let after = try bytes()
        // Bytes reach the file in the order of the calls: the new slots, then the old ones' end.
        let changed = before.indices.filter { before[$0] != after[$0] }
        let isNew = { (index: Int) -> Bool in
            let start = index / StateFile.slotBytes * StateFile.slotBytes
            return before[start..<start + StateFile.slotBytes].allSatisfy { $0 == 0 }
        }
        var bytes = before
        for index in changed.filter(isNew) + changed.filter({ !isNew($0) }) {
            bytes[index] = after[index]
            let first = StateFile.contents(of: bytes, identity: identity)?.records.first?.words
            #expect(first == record(25, 1) || first == record(25, 2))
        }
        #expect(bytes == after)
    }

    @Test func `a file with another header is ignored`() throws {
        var state = try make()
        try state.publish()
        _ = try state.keep(record(25, 1), inPlaceOf: 0)
        let bytes = try bytes()
        #expect(StateFile.contents(of: bytes, identity: StateFile.identity(ofBoot: "another")) == nil)
        for index in 0..<StateFile.slotBytes {
            var damaged = bytes
            damaged[index] ^= 0x40
            #expect(StateFile.contents(of: damaged, identity: identity) == nil, "byte \(index)")
        }
        let others = [0, 0xff].map { [UInt8](repeating: $0, count: 50 * StateFile.slotBytes) }
        for bytes in [[], [0], Array(bytes.dropLast())] + others {
            #expect(StateFile.contents(of: bytes, identity: identity) == nil)
        }
    }

    @Test func `a record with a changed byte is ignored, and the others are read`() throws {
        var state = try make()
        try state.publish()
        _ = try state.keep(record(25, 1), inPlaceOf: 0)
        _ = try state.keep(record(25, 2), inPlaceOf: 0)
        let bytes = try bytes()
        for index in StateFile.slotBytes..<StateFile.slotBytes * 4 {
            var damaged = bytes
            damaged[index] ^= 0x01
            let kept = StateFile.contents(of: damaged, identity: identity)?.records.map(\.words)
            #expect(kept == [record(25, 2)], "byte \(index)")
        }
    }

    @Test func `the file gets its name when it is published, and leaves none behind otherwise`() throws {
        try FileManager.default.createFile(atPath: path, contents: Data("old".utf8))
            ? () : #require(Bool(false))
        do {
            var state = try make()
            _ = try state.keep(record(1), inPlaceOf: 0)
            #expect(try directory.files == ["state", "state.new"])
        }
        #expect(try directory.files == ["state"])
        #expect(try bytes() == Array("old".utf8))
        var state = try make()
        try state.publish()
        #expect(try directory.files == ["state"])
        #expect(try records() == [])
    }

    @Test func `only the owner may read the file`() throws {
        var state = try make()
        try state.publish()
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func `a file that others may have written is refused`() throws {
        let manager = FileManager.default
        #expect(try PrivateFile.read(path, owner: nil) == nil)
        _ = manager.createFile(
            atPath: path,
            contents: Data([1, 2, 3]),
            attributes: [.posixPermissions: 0o600]
        )
        #expect(try PrivateFile.read(path, owner: nil) == [1, 2, 3])
        let refusal = SystemError("read \(path)", code: EPERM)
        for mode in [0o620, 0o602] {
            try manager.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            #expect(throws: refusal) { try PrivateFile.read(path, owner: nil) }
        }
        try manager.setAttributes([.posixPermissions: 0o600, .ownerAccountID: 4711], ofItemAtPath: path)
        #expect(throws: refusal) { try PrivateFile.read(path, owner: nil) }
        #expect(try PrivateFile.read(path, owner: 4711) == [1, 2, 3])
        let link = "\(directory.path)/link"
        try manager.createSymbolicLink(atPath: link, withDestinationPath: path)
        #expect(throws: SystemError("read \(link)", code: ELOOP)) { try PrivateFile.read(link, owner: nil) }
        #expect(throws: SystemError("read \(directory.path)", code: EPERM)) {
            try PrivateFile.read(directory.path, owner: nil)
        }
    }
}
