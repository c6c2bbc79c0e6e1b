/// What time brings.
extension Tracker {
    /// Does what is due; to be called when `nextDeadline` has come.
    package mutating func fire(at now: Instant, into output: inout Output) {
        while let connection = deadlines.first, connection.deadline <= now {
            if let opening = connection.opening, opening.deadline <= now,
                let expectation = connection.expectation
            {
                statistics.expectationsExpired += 1
                take(expectation, from: connection)
                output.actions.append(.close(expectation))
                output.actions.append(.report(.expired(expectation)))
            }
            if connection.due <= now {
                let interval =
                    connection.isClosed
                    ? Tracker.lingerSeconds
                    : connection.opening == nil ? Tracker.idleSeconds : Tracker.expectingSeconds
                // Packets put it off: of a closed connection too, whose end its peers may not have believed.
                connection.due = connection.lastSeen.advanced(bySeconds: interval)
                if connection.due <= now {
                    guard !connection.isClosed else {
                        remove(connection, at: now, into: &output)
                        continue
                    }
                    output.actions.append(.verify(connection.mapping))
                    connection.due = now.advanced(bySeconds: interval)
                }
            }
            deadlines.update(connection)
        }
    }
}
