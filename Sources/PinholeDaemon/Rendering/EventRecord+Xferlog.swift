// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Linux

/// Transfers in the log format of FTP servers (xferlog(5), from wu-ftpd).
///
///     Thu Sep 04 10:12:13 2025 1 10.1.0.2 300000 /pub/payload b _ o a anonymous ftp 0 * c
///     the time                 | |        |      |            | | | | |         service, no ident, complete or not
///                        seconds client   bytes  path         | | | | user
///                                                     ASCII or binary, nothing done to it, out or in, anonymous or real
extension EventRecord {
    /// The transfer, if it transferred a file.
    var xferlogTransfer: TransferSummary? {
        guard case .transfer(let transfer) = event, transfer.command?.isOfFile ?? false else { return nil }
        return transfer
    }

    /// The line without its line feed; `nil` if no file was transferred.
    var xferlog: String? {
        guard let transfer = xferlogTransfer, let command = transfer.command else { return nil }
        let user = EventRecord.word(transfer.user)
        let isAnonymous = ["anonymous", "ftp"].contains(user)
        return [
            Clock.local(time),
            // At least 1, since readers divide by it.
            "\(max(1, (transfer.milliseconds(at: instant) + 500) / 1000))",
            "\(transfer.master.source.address)",
            "\(transfer.moved ?? 0)",
            EventRecord.word(transfer.path),
            transfer.isASCII ? "a" : "b",
            "_",
            command.isUpload ? "i" : "o",
            isAnonymous ? "a" : "r",
            user,
            "ftp", "0", "*",
            transfer.isComplete ? "c" : "i",
        ].joined(separator: " ")
    }

    /// Text as one word: blanks and non-printable characters become underscores; empty text becomes `*`.
    private static func word(_ bytes: [UInt8]) -> String {
        guard !bytes.isEmpty else { return "*" }
        let shown = bytes.map { (0x21...0x7e).contains($0) ? $0 : UInt8(ascii: "_") }
        return String(decoding: shown, as: UTF8.self)
    }
}
