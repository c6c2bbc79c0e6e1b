// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import PinholeDaemon

extension Frame {
    /// The `hello` of this program, to a follower as to a source.
    static let ownHello = Frame(
        .hello,
        Frame.protocolVersion,
        KeptConnection.version,
        words: [KeptConnection.readableVersions.lowerBound]
    )

    /// Whether the sender of this `hello` speaks this program's protocol and reads records of a version.
    func canRead(_ version: UInt64) -> Bool {
        first == Frame.protocolVersion && words.first ?? .max <= version && version <= second
    }

    /// What the sender of this `hello` speaks, for people.
    var versions: String { "it speaks protocol \(first) with records of version \(second)" }
}
