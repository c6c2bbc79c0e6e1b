// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import FTPHelper
import Messages
import PinholeDaemon

/// The keys of `pinhole sync`.
extension Key {
    static let syncLocal = Key(
        name: "sync-local",
        optionName: "local",
        form: .value(placeholder: "ADDRESS"),
        standard: nil,
        example: "192.168.100.1",
        reader: .sync,
        summary: "address of this gateway on the link to the other",
        details: """
            Address of this gateway at which `pinhole sync` listens for the other gateway of a pair. It should be on a \
            link of its own.
            """
    ) { value, settings throws(UserError) in settings.sync.local = try value.address() }

    static let syncPeer = Key(
        name: "sync-peer",
        optionName: "peer",
        form: .value(placeholder: "ADDRESS"),
        standard: nil,
        example: "192.168.100.2",
        reader: .sync,
        summary: "address of the other gateway",
        details: """
            Address of the other gateway of a pair. `pinhole sync` connects to it, and nobody else may connect.
            """
    ) { value, settings throws(UserError) in settings.sync.peer = try value.address() }

    static let syncPort = Key(
        name: "sync-port",
        optionName: "port",
        form: .value(placeholder: "PORT"),
        standard: "\(SyncSettings().port)",
        reader: .sync,
        summary: "TCP port of both gateways",
        details: """
            TCP port on which `pinhole sync` listens, on both gateways of a pair.
            """
    ) { value, settings throws(UserError) in settings.sync.port = try value.number(in: 1...UInt16.max) }

    static let syncKey = Key(
        name: "sync-key",
        optionName: "key",
        form: .value(placeholder: "FILE"),
        standard: nil,
        example: "/etc/pinhole/sync.key",
        reader: .sync,
        summary: "file with the key of both gateways",
        details: """
            File with a key of up to 80 bytes, the same on both gateways of a pair. The kernel signs the segments of \
            `pinhole sync` with it and drops all others (TCP MD5 signatures, RFC 2385). They are not encrypted.
            """
    ) { value, settings throws(UserError) in settings.sync.keyPath = try value.path() }
}
