// SPDX-License-Identifier: GPL-2.0-or-later
package import Linux

/// An error of reading a capture file.
///
/// The description is meant to follow "pinhole: ".
package enum CaptureError: Error, Hashable, CustomStringConvertible {
    /// The file cannot be opened.
    case unreadable(SystemError)
    /// The file is not in a format that libpcap knows; `reason` is libpcap's text.
    case unrecognised(path: String, reason: String)
    /// The file is truncated or damaged, or changes its link type, after `after` frames that could be read.
    case broken(path: String, after: UInt64, reason: String)

    package var description: String {
        switch self {
        case .unreadable(let error): error.description
        case .unrecognised(let path, let reason): "\(path) is not a capture file: \(reason)"
        case .broken(let path, let count, let reason): "\(path) breaks off after frame \(count): \(reason)"
        }
    }
}
