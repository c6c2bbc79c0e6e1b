// SPDX-License-Identifier: GPL-2.0-or-later

/// Waits until `predicate` holds; throws, naming what was waited for, when it does not within `seconds`.
func poll(
    for what: String,
    within seconds: Double = 60,
    _ predicate: () async throws -> Bool
) async throws {
    let seconds = seconds * Double(Gateway.slowness)
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try await !predicate() {
        guard ContinuousClock.now < deadline else { throw HarnessError("waited \(seconds) s for \(what)") }
        try await Task.sleep(for: .milliseconds(10))
    }
}
