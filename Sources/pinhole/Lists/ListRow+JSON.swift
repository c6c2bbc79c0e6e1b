// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import PinholeDaemon

/// Rows from the daemon's answers.
extension ListRow {
    init(transfer: JSON, rate: Double?) {
        let moved = ListRow.moved(transfer)
        let progress = transfer["progress"]?.double
        let seconds = transfer["seconds"]?.double ?? 0
        let rate = rate ?? moved.map { $0 / max(seconds, 1) }
        self.init(
            key: ListRow.key(of: transfer),
            addresses: ListRow.ends(of: transfer),
            cells: [
                Cell(ListRow.address(transfer["client"])), Cell(ListRow.address(transfer["server"])),
                Cell(transfer["user"]?.string ?? ""), Cell(transfer["command"]?.string ?? "-"),
                Cell(transfer["path"]?.string ?? ""),
                Cell(progress.map(ShortForm.percent) ?? "-", progress),
                Cell(moved.map(ShortForm.short) ?? "-", moved),
                Cell(rate.map(ShortForm.short) ?? "-", rate),
                Cell(ShortForm.duration(seconds), seconds),
            ]
        )
    }

    init(session: JSON) {
        self.init(
            key: "\(session["client"]?.string ?? "") \(session["server"]?.string ?? "")",
            addresses: ListRow.ends(of: session),
            cells: ["client", "server", "user", "state"].map { Cell(session[$0]?.string ?? "") }
                + ["age", "idle"].map { ListRow.time(session[$0]?.double ?? 0) }
                + ["used", "refused", "id"].map { ListRow.count(session[$0]?.integer ?? 0) }
        )
    }

    init(expectation: JSON) {
        let left = expectation["expires_in"]?.double ?? 0
        self.init(
            key: "\(expectation["id"]?.integer ?? 0)",
            id: expectation["id"]?.integer,
            addresses: expectation["master"].map(ListRow.ends) ?? [],
            cells: [
                ListRow.count(expectation["id"]?.integer ?? 0), Cell(expectation["kind"]?.string ?? ""),
                Cell(expectation["master"]?["client"]?.string ?? ""),
                Cell(expectation["from"]?.string ?? ""), Cell(expectation["to"]?.string ?? ""),
                Cell(ShortForm.duration(left), left),
            ]
        )
    }

    /// - Parameters:
    ///   - refusal: the event.
    ///   - now: seconds since the epoch.
    init(refusal: JSON, at now: Double) {
        let time = refusal["time"]?.double ?? 0
        let (client, line) = (refusal["client"]?.string ?? "", ListRow.line(of: refusal))
        self.init(
            key: "\(time) \(client) \(line)",
            addresses: ListRow.ends(of: refusal),
            cells: [
                Cell(ShortForm.duration(now - time), now - time), Cell(client),
                Cell(refusal["server"]?.string ?? ""), Cell(ListRow.reason(of: refusal)),
                Cell(line),
            ],
            detail: refusal["explanation"]?.string ?? ""
        )
    }

    /// Why something does not work: the reason of a refusal, or `blocked`.
    static func reason(of refusal: JSON) -> String {
        (refusal["reason"] ?? refusal["event"])?.string ?? ""
    }

    /// The line that was refused, or else the data connection that it is about.
    static func line(of refusal: JSON) -> String {
        if let line = refusal["line"]?.string { return line }
        guard let from = refusal["from"]?.string, let to = refusal["to"]?.string else { return "" }
        return "\(from) to \(to)"
    }

    /// The identity of a transfer.
    static func key(of transfer: JSON) -> String {
        "\(transfer["client"]?.string ?? "") \(transfer["data"]?["id"]?.integer ?? 0)"
    }

    /// Bytes in the direction of a transfer; `nil` if they are not counted.
    static func moved(_ transfer: JSON) -> Double? {
        guard let up = transfer["bytes"]?["up"]?.double, let down = transfer["bytes"]?["down"]?.double else {
            return nil
        }
        return switch transfer["direction"]?.string {
        case "upload": up
        case "download": down
        default: up + down
        }
    }

    private static func time(_ seconds: Double) -> Cell { Cell(ShortForm.duration(seconds), seconds) }

    private static func count(_ number: UInt64) -> Cell { Cell("\(number)", Double(number)) }

    private static func ends(of connection: JSON) -> [String] {
        [connection["client"], connection["server"]].map(address)
    }

    /// The address of an endpoint: `10.1.0.2:40112`, `[fd01::2]:40113`.
    private static func address(_ endpoint: JSON?) -> String {
        let text = endpoint?.string ?? ""
        guard let colon = text.lastIndex(of: ":") else { return text }
        return String(text[..<colon].filter { $0 != "[" && $0 != "]" })
    }
}
