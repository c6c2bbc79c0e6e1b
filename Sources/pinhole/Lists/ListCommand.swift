// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Configuration
import FTPHelper
import Linux
import Messages
import PinholeDaemon

/// A subcommand that lists something: a table on a terminal, lines of `key=value` elsewhere, or JSON.
protocol ListCommand: Subcommand {
    static var kind: ListKind { get }
}

extension ListCommand {
    static var options: [Option] {
        [.client, .server] + (kind == .refusals ? [] : [.user]) + [.plain, .json, .socket]
    }

    static func run(_ arguments: Arguments) throws(UserError) {
        let filter = try filter(arguments)
        guard !arguments.has(.json), !arguments.has(.plain), StandardOutput.isTerminal else {
            return try DaemonClient.show(kind.request(arguments.format, filter), arguments)
        }
        let answer = try ControlSocketClient.answer(kind.request(.json, filter), at: arguments.socketPath)
        let rows = answer.elements.map { kind.row(of: $0, at: Clock.timeOfDay()) }
        for line in lines(of: rows, width: StandardOutput.columns) { try StandardOutput.line(line) }
    }

    /// The lines of the table; one that says so if it is empty.
    static func lines(of rows: [ListRow], width: Int) -> [String] {
        guard !rows.isEmpty else { return ["no \(kind.rawValue)"] }
        let layout = ListLayout(kind.columns, rows, width: width)
        return [layout.header]
            + rows.flatMap { row in
                [layout.text(of: row)] + Help.wrapped(row.detail, width: width - 4).map { "    \($0)" }
            }
    }

    private static func filter(_ arguments: Arguments) throws(UserError) -> ListFilter {
        var filter = ListFilter()
        filter.client = try arguments.given(.client)?.network()
        filter.server = try arguments.given(.server)?.network()
        // As lists show it: a name comes from the network, and nothing but printable ASCII is shown of it.
        filter.user = arguments.value(of: .user).map { Escaping.harmless($0) }
        return filter
    }
}

extension Option {
    fileprivate static let client = Option("client", "ADDRESS", "only of this client or network")
    fileprivate static let server = Option("server", "ADDRESS", "only of this server or network")
    fileprivate static let user = Option("user", "USER", "only of this user")
    fileprivate static let plain = Option("plain", nil, "write lines of key=value on a terminal, too")
}

extension GivenValue {
    /// Reads `ADDRESS` or `ADDRESS/LENGTH`, and returns it as it is.
    fileprivate func network() throws(UserError) -> String {
        guard AddressPrefix(parsing: Array(text.utf8).span) != nil else {
            throw UserError(
                "\(name): \(GivenValue.quoted(text[...])) is not an address or a network",
                hint: "give ADDRESS or ADDRESS/LENGTH, without address bits after LENGTH",
                status: .usage
            )
        }
        return text
    }
}
