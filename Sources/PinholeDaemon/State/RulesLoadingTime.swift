// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper
import Linux

/// When the firewall rules were last loaded after they had been missing, in a file beside the daemon's state.
///
/// Until then packets bypassed the queue, perhaps while no daemon ran that could have been told. A daemon that starts later compares
/// this time with the beginning of the one before it, to know whether the positions in its state can be trusted.
package enum RulesLoadingTime {
    /// Notes that the rules were loaded; without the state's folder there is no state, and nothing to note.
    ///
    /// The file has the identifier of this boot and nanoseconds of the monotonic clock. Root writes it into a folder of the daemon's
    /// user, which `StatusFile.write` allows for.
    package static func write(besides statePath: String, at now: Instant) {
        let text = "\(boot) \(now.nanoseconds)\n"
        try? StatusFile.write(text, to: path(besides: statePath), mode: 0o644)
    }

    /// Reads the time; `nil` if there is none of this boot that root or this user has written.
    static func read(besides statePath: String) -> Instant? {
        guard let bytes = (try? PrivateFile.read(path(besides: statePath), owner: nil)) ?? nil else {
            return nil
        }
        let words = bytes.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        guard words.count == 2, words[0].elementsEqual(boot.utf8) else { return nil }
        return UInt64(String(decoding: words[1], as: UTF8.self)).map(Instant.init(nanoseconds:))
    }

    /// The identifier of this boot, without the line feed.
    private static var boot: Substring { StateFile.currentBoot.prefix { $0 != "\n" } }

    private static func path(besides statePath: String) -> String { "\(statePath).rules" }
}
