import FTPHelper
import Linux

/// Transfers as FTP servers log them, for whatever reads such logs (xferlog(5), of wu-ftpd).
///
///     Thu Sep 04 10:12:13 2025 1 10.1.0.2 300000 /pub/payload b _ o a anonymous ftp 0 * c
///     the time                 | |        |      |            | | | | |         service, no ident, complete or not
///                        seconds client   bytes  path         | | | | user
///                                                     ASCII or binary, nothing done to it, out or in, anonymous or real
extension EventRecord {
    /// The transfer, if it was one of a file.
    var xferlogTransfer: TransferSummary? {
        guard case .transfer(let transfer) = event, transfer.command?.isOfFile ?? false else { return nil }
        return transfer
    }

    /// The line without its end; `nil` if it was no transfer of a file.
    var xferlog: String? {
        guard let transfer = xferlogTransfer, let command = transfer.command else { return nil }
        let user = EventRecord.word(transfer.user)
        let isAnonymous = ["anonymous", "ftp"].contains(user)
        return [
            Clock.local(time),
            // Who divides by it wants no 0.
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

    /// Text as one word: what is blank or not printable is an underscore, as the format has it; nothing at all is a `*`.
    private static func word(_ bytes: [UInt8]) -> String {
        guard !bytes.isEmpty else { return "*" }
        let shown = bytes.map { (0x21...0x7e).contains($0) ? $0 : UInt8(ascii: "_") }
        return String(decoding: shown, as: UTF8.self)
    }
}
