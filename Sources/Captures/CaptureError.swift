package import Linux

/// Why a capture cannot be read, or not to its end.
///
/// The description reads on after "pinhole: ".
package enum CaptureError: Error, Hashable, CustomStringConvertible {
    /// libpcap is not installed.
    case unsupported
    /// The file cannot be opened.
    case unreadable(SystemError)
    /// What is in the file is nothing that libpcap knows, for this reason.
    case unrecognised(path: String, reason: String)
    /// The file ends in the middle, is damaged, or changes its link type, behind so many frames that could be read.
    case broken(path: String, after: UInt64, reason: String)

    package var description: String {
        switch self {
        case .unsupported: "captures cannot be read without libpcap"
        case .unreadable(let error): error.description
        case .unrecognised(let path, let reason): "\(path) is no capture: \(reason)"
        case .broken(let path, let count, let reason): "\(path) breaks off after frame \(count): \(reason)"
        }
    }
}
