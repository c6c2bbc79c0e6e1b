package import FTPHelper

/// Something to tell the log or those who watch, once the packets that led to it are on their way.
package enum Notice: Hashable, Sendable {
    /// An event; so many refusals were left out since the last that was told.
    case event(Event, leftOut: UInt64)
    /// Something failed, for this reason; so many of the same kind were left out since the last that was told.
    case fault(Fault, reason: String, leftOut: UInt64)
}
