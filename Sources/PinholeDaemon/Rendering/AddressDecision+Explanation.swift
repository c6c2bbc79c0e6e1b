// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

extension AddressDecision {
    /// One sentence about an address that was not rewritten; `nil` if the line was rewritten.
    var explanation: String? {
        guard !isRewritten else { return nil }
        return
            "the server announces another address, but the expectation still leads to the server itself: if clients "
            + "should connect to \(announced.address), set 'loose = yes' for the server"
    }
}
