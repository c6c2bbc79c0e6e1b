// SPDX-License-Identifier: GPL-2.0-or-later
package import Formats
package import FTPHelper

extension Expectation {
    /// The object of `pinhole expectations --json`.
    package func json(at now: Instant) -> JSON { .object(members(from: from.description, at: now)) }

    /// Its members; `from` is an address, or the endpoint from which the data connection came.
    func members(from source: String, at now: Instant) -> [JSON.Member] {
        [
            JSON.Member("id", .integer(id)),
            JSON.Member("kind", .string(kind.rawValue)),
            JSON.Member("master", master.json),
            JSON.Member("from", .string(source)),
            JSON.Member("to", .string(text(of: to))),
            JSON.Member(
                "translated",
                .object([
                    JSON.Member("from", .string(translatedFrom.description)),
                    JSON.Member("to", .string(text(of: translatedTo))),
                ])
            ),
            JSON.Member("expires_in", .number((now.seconds(until: deadline) * 10).rounded() / 10)),
        ] + (others.isEmpty ? [] : [JSON.Member("also_from", .array(others.map { .string($0.description) }))])
            + (access.map { [JSON.Member("live", .integer(UInt64($0.live)))] } ?? [])
    }

    /// An endpoint with its port range: `10.2.0.2:49000-50000`.
    private func text(of end: Endpoint) -> String {
        access.map { "\(end)-\($0.ports.upperBound)" } ?? "\(end)"
    }

    /// A port, or a range of ports.
    private func text(of port: UInt16) -> String {
        access.map { "\(port)-\($0.ports.upperBound)" } ?? "\(port)"
    }

    /// The line of `pinhole expectations`, in the manner of `conntrack -L expect`.
    ///
    /// `299 proto=6 PORT src=… dst=… sport=0 dport=5001 master-src=… master-dst=… sport=40112 dport=21 id=7`: seconds left,
    /// the expected tuple, the master's tuple, and `also-src=…` for each other host that may connect. With NAT the translated tuple precedes `id` as `nat-src=… nat-dst=… nat-dport=…`.
    package func text(at now: Instant) -> String {
        var fields = Fields()
        fields.add("src", from)
        fields.add("dst", to.address)
        fields.add("sport", 0)
        fields.add("dport", text(of: to.port))
        fields.add("master-src", master.source.address)
        fields.add("master-dst", master.destination.address)
        fields.add("sport", master.source.port)
        fields.add("dport", master.destination.port)
        if isTranslated {
            fields.add("nat-src", translatedFrom)
            fields.add("nat-dst", translatedTo.address)
            fields.add("nat-dport", text(of: translatedTo.port))
        }
        fields.add("id", id)
        for other in others { fields.add("also-src", other) }
        if let access { fields.add("live", access.live) }
        return "\(Int(now.seconds(until: deadline))) proto=6 \(kind.rawValue) \(fields.text)"
    }

    /// The fields for logs and text events, with `from` as given.
    func add(to fields: inout Fields, from source: some CustomStringConvertible) {
        fields.add("id", id)
        fields.add("kind", kind.rawValue)
        fields.add("client", master.source)
        fields.add("server", master.destination)
        fields.add("from", source)
        fields.add("to", text(of: to))
        if isTranslated {
            fields.add("translated-from", translatedFrom)
            fields.add("translated-to", text(of: translatedTo))
        }
    }
}
