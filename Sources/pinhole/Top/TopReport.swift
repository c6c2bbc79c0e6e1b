import Formats

/// What the daemon has said at one moment, each in its JSON.
struct TopReport: Hashable, Sendable {
    /// Seconds on a clock that never goes back.
    let time: Double
    /// Seconds since 1970 began.
    let wallTime: Double
    let statistics: JSON
    let transfers: [JSON]
    /// What the view has asked for; for refusals their events.
    let rows: [JSON]
}
