// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
package import Linux

/// The records of the daemon on another gateway, which `pinhole sync` writes and a daemon reads when it starts.
///
/// It is a state file of this boot. A slot of its own tells where the records come from, and how the clocks differ.
package struct PeerFile: ~Copyable {
    /// What is known of the other gateway.
    package struct Origin: Hashable, Sendable {
        /// Nanoseconds to add to a time of its clock to get one of this machine's.
        package var clockShift: Int64
        /// When it was heard last, on this machine's clock.
        package var heard: Instant

        package init(clockShift: Int64, heard: Instant) {
            self.clockShift = clockShift
            self.heard = heard
        }

        fileprivate init?(_ words: [UInt64]) {
            guard words.count == 2 else { return nil }
            clockShift = Int64(bitPattern: words[0])
            heard = Instant(nanoseconds: words[1])
        }

        fileprivate var words: [UInt64] { [UInt64(bitPattern: clockShift), heard.nanoseconds] }
    }

    /// What a file contains.
    package struct Contents {
        package let term: UInt64
        package let origin: Origin
        /// The records, newest first.
        package let records: [[UInt64]]
        package let rejected: RejectedConnections?
    }

    /// Maximum number of connections of a peer.
    private static let maximumConnections = 1_000_000

    private var state: StateFile
    private var rejected: RejectedConnectionFile
    private let originPlace: Int
    /// The places of records in this file, by those in the peer's.
    private var places: [UInt64: Int] = [:]

    private init(_ state: consuming StateFile, _ rejected: consuming RejectedConnectionFile, originPlace: Int)
    {
        self.state = state
        self.rejected = rejected
        self.originPlace = originPlace
    }

    /// Creates a file without records, which `publish` moves to `path`.
    ///
    /// - Parameters:
    ///   - path: where the daemon looks for it.
    ///   - term: the term of the peer's state file.
    ///   - version: the version of its records.
    ///   - key: the key of its rejected connections.
    ///   - origin: what is known of the peer.
    /// - Returns: The unpublished file.
    /// - Throws: The system's error.
    package static func create(
        for path: String,
        term: UInt64,
        version: UInt64,
        key: RejectedConnections.Key,
        origin: Origin
    ) throws(SystemError) -> PeerFile {
        let identity = StateFile.identity("peer", version: version, ofBoot: StateFile.currentBoot)
        var state = try StateFile.create(
            for: path,
            identity: identity,
            term: term,
            connections: maximumConnections
        )
        let place = try state.addOrigin()
        state.writeOrigin(origin.words, to: place)
        var rejected = try RejectedConnectionFile.create(for: "\(path).rejected", identity: identity)
        rejected.write(key: key)
        return PeerFile(state, rejected, originPlace: place)
    }

    /// Number of records.
    package var count: Int { places.count }

    /// Notes what is known of the peer.
    package mutating func note(_ origin: Origin) { state.writeOrigin(origin.words, to: originPlace) }

    /// Repeats a change of the peer's state file.
    ///
    /// - Parameters:
    ///   - record: the new record; `nil` if there is none.
    ///   - place: its place in the peer's file.
    ///   - old: the place of the record that it replaces; 0 if there was none.
    /// - Throws: `ENOSPC` if there is no room.
    package mutating func keep(_ record: [UInt64]?, at place: UInt64, inPlaceOf old: UInt64)
        throws(SystemError)
    {
        let former = old == 0 ? 0 : places[old] ?? 0
        guard let record, place != 0 else {
            _ = try state.keep(nil, inPlaceOf: former)
            places[old] = nil
            return
        }
        let new = try state.keep(record, inPlaceOf: former)
        places[old] = nil
        // A snapshot may have contained it already.
        if let double = places.updateValue(new, forKey: place) { _ = try state.keep(nil, inPlaceOf: double) }
    }

    /// Repeats changes of the peer's rejected connections.
    package mutating func reject(_ words: [UInt64], from index: UInt64) {
        guard index < RejectedConnections.wordCount else { return }
        for (offset, word) in words.enumerated() { rejected.write(word, Int(index) + offset) }
    }

    /// Moves the files to their paths, replacing older ones.
    package mutating func publish() throws(SystemError) {
        try rejected.publish()
        try state.publish()
    }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: its path.
    ///   - owner: who may have written it besides root and the user of this process.
    /// - Returns: What it contains; `nil` if there is no file that can be used.
    /// - Throws: The system's error; `EPERM` if somebody else can have written it.
    package static func contents(of path: String, owner: UInt32?) throws(SystemError) -> Contents? {
        guard let bytes = try PrivateFile.read(path, owner: owner) else { return nil }
        for identity in StateFile.readableIdentities("peer") {
            guard let contents = StateFile.contents(of: bytes, identity: identity),
                let origin = contents.origin.flatMap(Origin.init)
            else { continue }
            return Contents(
                term: contents.term,
                origin: origin,
                records: contents.records.map(\.words),
                rejected: (try? PrivateFile.read("\(path).rejected", owner: owner)).flatMap {
                    RejectedConnectionFile.rejected(in: $0, identity: identity)
                }
            )
        }
        return nil
    }
}
