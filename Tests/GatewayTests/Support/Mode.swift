// SPDX-License-Identifier: GPL-2.0-or-later

/// How a data connection is announced.
enum Mode: String, CaseIterable, CustomStringConvertible {
    case port = "PORT"
    case eprt = "EPRT"
    case pasv = "PASV"
    case epsv = "EPSV"

    /// The server connects to the client.
    var isActive: Bool { self == .port || self == .eprt }

    /// RFC 2428's form, the only one for IPv6.
    var isExtended: Bool { self == .eprt || self == .epsv }

    var description: String { rawValue }
}
