// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import FTPHelper

extension BlockedConnection {
    /// The members of its event.
    var members: [JSON.Member] {
        [
            JSON.Member("id", .integer(id)),
            JSON.Member("kind", .string(kind.rawValue)),
            JSON.Member("client", .string(master.source.description)),
            JSON.Member("server", .string(master.destination.description)),
            JSON.Member("opener", .string(opener)),
            JSON.Member("from", .string(arriving.source.description)),
            JSON.Member("to", .string(arriving.destination.description)),
            JSON.Member(
                "translated",
                .object([
                    JSON.Member("from", .string(leaving.source.description)),
                    JSON.Member("to", .string(leaving.destination.description)),
                ])
            ),
            JSON.Member("stage", .string(stage.rawValue)),
            JSON.Member("seconds", .integer(UInt64(seconds))),
            JSON.Member("explanation", .string(explanation)),
        ]
    }

    /// Adds the members as fields of logs and text events.
    func add(to fields: inout Fields) {
        fields.add("id", id)
        fields.add("kind", kind.rawValue)
        fields.add("client", master.source)
        fields.add("server", master.destination)
        fields.add("opener", opener)
        fields.add("from", arriving.source)
        fields.add("to", arriving.destination)
        if leaving != arriving {
            fields.add("translated-from", leaving.source)
            fields.add("translated-to", leaving.destination)
        }
        fields.add("stage", stage.rawValue)
        fields.add("seconds", seconds)
        fields.add("explanation", explanation)
    }

    /// The side that opens the data connection.
    private var opener: String {
        arriving.source.address == master.source.address ? "client" : "server"
    }

    /// One sentence for people: what happened, and what the administrator can do about it.
    private var explanation: String {
        let (opener, listener) = (arriving.source.address, leaving.destination)
        return switch stage {
        case .unseen:
            "the SYN to \(listener.address) port \(listener.port) has not reached conntrack: this gateway drops it earlier, "
                + "in its raw table behind Pinhole's rules or in a chain with an earlier priority than conntrack's"
        case .unanswered:
            "nobody answers the SYN at \(listener.address) port \(listener.port): a firewall drops it (this gateway's: see "
                + "with 'pinhole check' whether it accepts RELATED; or one behind it, or the host's own), or there is no "
                + "such host"
        case .halfOpen:
            "\(listener.address) port \(listener.port) answers, but \(opener) does not complete the handshake: the answer is "
                + "dropped on its way back (check that this gateway accepts ESTABLISHED), or takes another route"
        }
    }
}
