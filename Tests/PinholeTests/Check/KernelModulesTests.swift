// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Linux
import Testing

/// On a kernel that has just started and loads no module by itself: that of the emulator of `make test-kernels`.
struct KernelModulesTests {
    private static let isEmulated = ProcessInfo.processInfo.environment["PINHOLE_MODULES"] != nil

    @Test(.enabled(if: isEmulated, "the modules of this machine are its own"))
    func `each missing module is named, and loading these suffices`() throws {
        let child = try ChildProcess.run(
            "unshare",
            ["--net", "bash", "\(Program.scripts)/modules.sh", try Program.path]
        )
        #expect(child.status == 0, "\(child.errors)")
        #expect(
            child.output == """
                warning  accounting: not available: modprobe nf_conntrack
                not ok   kernel: NFQUEUE: not available: modprobe nfnetlink_queue
                not ok   kernel: ctnetlink: not available: modprobe nf_conntrack_netlink
                not ok   kernel: ipset: not available: modprobe ip_set_hash_ipportip
                not ok   iptables-save failed: Could not fetch rule set generation id: Invalid argument: modprobe nf_tables
                not ok   kernel: iptables -m conntrack: not available: modprobe -a nft_compat xt_conntrack
                not ok   kernel: iptables -m set: not available: modprobe -a nft_compat xt_set
                not ok   kernel: iptables -j NFQUEUE: not available: modprobe -a nft_compat xt_NFQUEUE
                ok       backend: iptables, because the kernel has no queue statement for nftables: modprobe -a nft_ct nft_queue

                """
        )
    }
}
