// SPDX-License-Identifier: GPL-2.0-or-later

/// A command that transfers data over a data connection.
package enum TransferCommand: String, Hashable, Sendable, CaseIterable {
    case retr = "RETR"
    case stor = "STOR"
    case stou = "STOU"
    case appe = "APPE"
    case list = "LIST"
    case nlst = "NLST"
    case mlsd = "MLSD"

    /// Tells whether the client sends the data.
    package var isUpload: Bool {
        switch self {
        case .stor, .stou, .appe: true
        case .retr, .list, .nlst, .mlsd: false
        }
    }

    /// Tells whether a file is transferred, as opposed to a listing.
    package var isOfFile: Bool {
        switch self {
        case .retr, .stor, .stou, .appe: true
        case .list, .nlst, .mlsd: false
        }
    }
}
