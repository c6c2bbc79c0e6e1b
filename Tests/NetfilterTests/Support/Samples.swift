// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// Parses bytes in hexadecimal, two digits each; blanks are ignored.
///
/// Netlink headers are in host byte order, so the samples are for little-endian machines.
func hex(_ lines: String...) -> [UInt8] {
    let digits = lines.joined().filter { $0 != " " }
    var bytes: [UInt8] = []
    var rest = digits[...]
    while rest.count >= 2 {
        bytes.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
        rest = rest.dropFirst(2)
    }
    return bytes
}

/// Addresses, tuples and expectations for several suites.
enum Sample {
    static func v4(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32) -> IPAddress {
        .v4(a << 24 | b << 16 | c << 8 | d)
    }

    static let client = v4(10, 1, 0, 2)
    static let server = v4(10, 2, 0, 2)
    /// The client's address for the server, with SNAT.
    static let publicClient = v4(10, 2, 0, 100)
    /// The server's address for the client, with DNAT.
    static let publicServer = v4(10, 1, 0, 100)
    static let client6 = IPAddress.v6(high: 0xfd01 << 48, low: 2)
    static let server6 = IPAddress.v6(high: 0xfd02 << 48, low: 2)

    /// An expectation of a data connection from `from` to `to`, with optional translations.
    static func expectation(
        master: Tuple,
        from: IPAddress,
        to: Endpoint,
        translatedFrom: IPAddress? = nil,
        translatedTo: Endpoint? = nil
    ) -> Expectation {
        Expectation(
            id: 1,
            kind: .port,
            master: master,
            from: from,
            to: to,
            translatedFrom: translatedFrom ?? from,
            translatedTo: translatedTo ?? to,
            deadline: Instant(nanoseconds: 0)
        )
    }

    /// The connection from a port that matches an expectation.
    static func connection(_ expectation: Expectation, from port: UInt16, zone: UInt16 = 0)
        -> ExpectedConnection
    {
        ExpectedConnection(
            expectation: expectation,
            original: Tuple(source: Endpoint(expectation.from, port), destination: expectation.to, zone: zone)
        )
    }

    /// A control connection as it arrives at the gateway.
    static let control = Tuple(source: Endpoint(client, 40000), destination: Endpoint(server, 21))
    static let control6 = Tuple(source: Endpoint(client6, 40000), destination: Endpoint(server6, 21))
}
