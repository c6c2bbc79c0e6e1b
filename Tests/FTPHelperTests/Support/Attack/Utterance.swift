// SPDX-License-Identifier: GPL-2.0-or-later

/// Something that an honest application says, and what it means by it.
struct Utterance {
    var text: [UInt8]
    /// The port for a data connection that it announces.
    var port: UInt16?
    /// It asks the other end to announce one.
    var asks = false
    /// It is the last thing that it says.
    var isLast = false

    init(_ text: [UInt8], port: UInt16? = nil, asks: Bool = false, isLast: Bool = false) {
        self.text = text
        self.port = port
        self.asks = asks
        self.isLast = isLast
    }

    init(_ text: String, isLast: Bool = false) { self.init(Array(text.utf8), isLast: isLast) }
}
