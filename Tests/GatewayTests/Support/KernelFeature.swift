// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// What not every kernel has that these tests run on.
enum KernelFeature {
    /// Flowtables of nftables; tried in a network namespace of its own, for which the kernel loads what it needs.
    static let hasFlowtables: Bool = {
        let process = Process()
        let script = """
            nft -f - <<END
            table inet t { flowtable f { hook ingress priority 0; devices = { lo }; }; }
            END
            """
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["unshare", "--net", "sh", "-c", script]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()
}
