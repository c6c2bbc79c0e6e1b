/// Which connections may be taken as logged in though nobody has seen it (contract S2).
extension Tracker {
    /// Conntrack had this connection established when the daemon or its rules started: it may be adopted.
    ///
    /// Not so one that is followed, or that is known to have begun in sight.
    ///
    /// - Parameters:
    ///   - mapping: its two tuples.
    ///   - entryID: which entry it is (`CTA_ID`).
    ///   - predecessor: what an earlier daemon has left of such as began in its sight.
    package mutating func noteEarlier(
        _ mapping: Mapping,
        entryID: UInt32 = 0,
        predecessor: RejectedConnections? = nil
    ) {
        guard !follows(mapping) else { return }
        guard predecessor?.contains(mapping) != true, !rejected.contains(mapping) else {
            turnAway(mapping)
            return
        }
        earlier.insert(mapping, entryID: entryID)
    }

    /// A connection was shaking hands when the daemon or its rules started.
    ///
    /// If nobody has seen its SYN, or an earlier daemon has seen one that asked for fast open, then the head of its stream may
    /// have passed with it: no login on it counts.
    ///
    /// - Parameters:
    ///   - mapping: its two tuples.
    ///   - predecessor: what an earlier daemon has left, whose rules were there all along; `nil` if there was none.
    ///   - now: the time.
    package mutating func noteOpening(_ mapping: Mapping, predecessor: RejectedConnections?, at now: Instant)
    {
        guard !follows(mapping), predecessor?.contains(mapping.original) != false else { return }
        fastOpens.distrust(mapping.original, at: now)
    }

    /// Remembers that a connection is not followed and never to be adopted: it has begun in sight, or is a data connection.
    package mutating func turnAway(_ mapping: Mapping) {
        rejected.insert(mapping.original)
        rejected.insert(mapping.reply)
    }

    /// Tells whether a packet's connection is followed.
    package func follows(_ segment: Segment) -> Bool { connection(of: segment.tuple) != nil }

    /// Hands over what has changed in `RejectedConnections` since the last time: the number of a word and the word.
    package mutating func takeRejectedConnections(_ keep: (Int, UInt64) -> Void) {
        rejected.takeChanges(keep)
    }

    /// What `takeRejectedConnections` has handed over words of.
    package var rejectedConnectionsKey: RejectedConnections.Key { rejected.key }
}

/// Where packets come from (contract S3b).
extension Tracker {
    /// The sender of a packet can be where it came from: it may come again.
    package mutating func vouch(for arrival: HashedSegment) {
        guard let (connection, side) = connection(of: arrival) else { return }
        connection.interfaces[side.rawValue] = arrival.interface
    }

    /// The sender of a packet cannot be where it came from: it goes on unread, to be dropped by whoever checks that.
    package mutating func refuseForged(_ arrival: HashedSegment, into output: inout Output) {
        let tuple = connection(of: arrival)?.connection.mapping.original ?? arrival.segment.tuple
        report(Refusal(reason: .forged, kind: nil, connection: tuple, line: []), into: &output)
    }

    /// What has to be known of a packet before it is read; `nil` if it came in where its sender's packets do.
    func unknownOrigin(of arrival: HashedSegment, on connection: Connection, from side: Session.Side)
        -> PacketOrigin?
    {
        guard arrival.interface != 0, arrival.interface != connection.interfaces[side.rawValue] else {
            return nil
        }
        return PacketOrigin(
            sender: connection.ownAddress(of: side),
            receiver: connection.ownAddress(of: side.other),
            interface: arrival.interface,
            receiverInterface: connection.interfaces[side.other.rawValue],
            isTranslated: connection.isShownOtherwise(.client) || connection.isShownOtherwise(.server)
        )
    }
}
