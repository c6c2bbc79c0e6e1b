// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// Addresses of the contract's examples.
enum Samples {
    static let client = Endpoint(.v4(0x0a01_0002), 40112)
    static let server = Endpoint(.v4(0x0a02_0002), 21)
    static let gateway = IPAddress.v4(0x0a02_0064)
}
