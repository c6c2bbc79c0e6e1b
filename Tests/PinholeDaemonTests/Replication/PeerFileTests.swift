// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Glibc
import Linux
import TestFiles
import Testing

@testable import PinholeDaemon

/// The file with the records of the other gateway.
@Suite struct PeerFileTests {
    private let directory: TemporaryDirectory
    private var path: String { "\(directory.path)/peer.state" }
    private let origin = PeerFile.Origin(clockShift: -5, heard: Instant(nanoseconds: 77))

    init() throws { directory = try TemporaryDirectory() }

    private func make(version: UInt64 = KeptConnection.version) throws -> PeerFile {
        try PeerFile.create(for: path, term: 3, version: version, key: (1, 2), origin: origin)
    }

    private func contents() throws -> PeerFile.Contents? { try PeerFile.contents(of: path, owner: nil) }

    @Test func `the file contains the peer's records and their origin`() throws {
        var file = try make()
        try file.keep([1, 2], at: 10, inPlaceOf: 0)
        try file.keep([3], at: 11, inPlaceOf: 0)
        try file.keep([4], at: 12, inPlaceOf: 10)
        try file.keep(nil, at: 0, inPlaceOf: 11)
        #expect(file.count == 1)
        #expect(try contents() == nil, "nothing is there before it is published")
        try file.publish()
        file.note(PeerFile.Origin(clockShift: 9, heard: Instant(nanoseconds: 99)))
        let contents = try #require(try contents())
        #expect(contents.records == [[4]])
        #expect(contents.term == 3)
        #expect(contents.origin == PeerFile.Origin(clockShift: 9, heard: Instant(nanoseconds: 99)))
        #expect(contents.rejected != nil)
    }

    @Test func `a change that the snapshot already contains has no effect`() throws {
        var file = try make()
        // The snapshot has the record at its newer place; then the changes that led there are repeated.
        try file.keep([2], at: 11, inPlaceOf: 0)
        try file.keep([1], at: 10, inPlaceOf: 0)
        try file.keep([2], at: 11, inPlaceOf: 10)
        try file.publish()
        #expect(file.count == 1)
        #expect(try contents()?.records == [[2]])
    }

    @Test func `a place that the peer reuses holds the last record`() throws {
        var file = try make()
        try file.publish()
        try file.keep([1], at: 10, inPlaceOf: 0)
        try file.keep([2], at: 11, inPlaceOf: 10)
        try file.keep([3], at: 10, inPlaceOf: 0)
        try file.keep(nil, at: 0, inPlaceOf: 11)
        try file.keep(nil, at: 0, inPlaceOf: 99)
        #expect(try contents()?.records == [[3]])
    }

    @Test func `a draft that is discarded leaves the former file`() throws {
        do {
            var former = try make()
            try former.keep([1], at: 10, inPlaceOf: 0)
            try former.publish()
        }
        do {
            var draft = try make()
            try draft.keep([2], at: 10, inPlaceOf: 0)
        }
        #expect(try contents()?.records == [[1]])
    }

    @Test func `a file of the previous version is read`() throws {
        for version in KeptConnection.readableVersions {
            var file = try make(version: version)
            try file.keep([version], at: 10, inPlaceOf: 0)
            try file.publish()
            #expect(try contents()?.records == [[version]])
        }
    }

    @Test func `a file of an unsupported version is refused, and so is a state file`() throws {
        for version in [KeptConnection.readableVersions.lowerBound - 1, KeptConnection.version + 1] {
            var file = try make(version: version)
            try file.publish()
            #expect(try contents() == nil)
        }
        var state = try StateFile.create(for: path, identity: StateFile.currentIdentity(), connections: 1)
        try state.publish()
        #expect(try contents() == nil)
    }

    @Test func `the number of the last change shows how current the file is`() throws {
        let identity = StateFile.currentIdentity()
        var state = try StateFile.create(for: path, identity: identity, term: 5, connections: 9)
        try state.publish()
        let sequence = { [path] in
            StateFile.contents(of: try PrivateFile.read(path, owner: nil) ?? [], identity: identity)?.sequence
        }
        let one = try state.keep([1], inPlaceOf: 0)
        #expect(try sequence() == 1 && state.sequence == 1)
        let other = try state.keep([2], inPlaceOf: one)
        #expect(try sequence() == 2)
        _ = try state.keep(nil, inPlaceOf: other)
        #expect(try sequence() == 3 && state.sequence == 3, "a removal counts, too")
    }

    @Test func `the peer's rejected connections are stored under its own key as far as there is room`()
        throws
    {
        var file = try make()
        file.reject([5, 6], from: 2)
        let end = UInt64(RejectedConnections.wordCount)
        file.reject([7, 8], from: end - 1)
        file.reject([9], from: end)
        file.reject([9], from: .max)
        try file.publish()
        let rejected = try #require(try contents()?.rejected)
        #expect(rejected.key == (1, 2))
        #expect(rejected.words(from: 0, count: 5) == [0, 0, 5, 6, 0])
        #expect(rejected.words(from: Int(end) - 2, count: 5) == [0, 7])
    }

    @Test func `a file without a valid origin is refused`() throws {
        for words in [[], [1], [1, 2, 3]] as [[UInt64]] {
            let identity = StateFile.identity("peer", ofBoot: StateFile.currentBoot)
            var state = try StateFile.create(for: path, identity: identity, connections: 1)
            let place = try state.addOrigin()
            state.writeOrigin(words, to: place)
            try state.publish()
            #expect(try contents() == nil)
        }
    }

    @Test func `a file without its rejected connections still has its records`() throws {
        var file = try make()
        try file.keep([1], at: 10, inPlaceOf: 0)
        try file.publish()
        #expect(try contents()?.rejected != nil)
        #expect(unsafe unlink("\(path).rejected") == 0)
        let contents = try #require(try contents())
        #expect(contents.records == [[1]] && contents.rejected == nil)
        #expect(contents.origin == origin)
    }

    @Test func `a removed record frees its place and removes nothing else`() throws {
        var file = try make()
        try file.publish()
        try file.keep([1], at: 10, inPlaceOf: 0)
        try file.keep([2], at: 11, inPlaceOf: 0)
        try file.keep(nil, at: 12, inPlaceOf: 10)
        try file.keep([3], at: 0, inPlaceOf: 0)
        #expect(file.count == 1)
        #expect(try contents()?.records == [[2]])
        // A removed record is not removed again when another has its place.
        try file.keep([4], at: 13, inPlaceOf: 10)
        try file.keep(nil, at: 0, inPlaceOf: 10)
        #expect(file.count == 2)
        #expect(try contents()?.records == [[4], [2]])
    }
}
