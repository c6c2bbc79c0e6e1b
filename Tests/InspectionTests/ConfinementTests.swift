// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import Inspection

struct ConfinementTests {
    /// The lines that matter of `/proc/PID/status`, between others.
    private func status(
        user: String = "0\t993\t993\t993",
        capabilities: String = "0000000000001000",
        noNewPrivileges: String = "1",
        seccomp: String = "Seccomp:\t2\n"
    ) -> String {
        "Name:\tpinhole\nUid:\t\(user)\nGid:\t1\t1\t1\t1\nCapInh:\t0000000000000000\nCapPrm:\t\(capabilities)\n"
            + "NoNewPrivs:\t\(noNewPrivileges)\n\(seccomp)Seccomp_filters:\t1\n"
    }

    @Test func `the status lines are found among others`() throws {
        let confinement = try #require(Confinement(parsing: status()))
        #expect(confinement.user == 993)
        #expect(confinement.capabilities == 0x1000)
        #expect(confinement.forbidsNewPrivileges)
        #expect(confinement.isFiltered)
        #expect(confinement.findings.allSatisfy { $0.grade == .fine })
    }

    @Test func `each missing confinement is a line of its own`() throws {
        let text = status(
            user: "993\t0\t0\t0",
            capabilities: "000001ffffffffff",
            noNewPrivileges: "0",
            seccomp: "Seccomp:\t0\n"
        )
        let confinement = try #require(Confinement(parsing: text))
        #expect(
            confinement.findings.map(\.description) == [
                "warning  daemon: user root: useradd --system pinhole, then restart the daemon",
                "warning  daemon: more capabilities than CAP_NET_ADMIN: "
                    + "restart it with this version of pinhole",
                "warning  daemon: may get new privileges: restart it with this version of pinhole",
                "warning  daemon: all system calls: use a kernel with CONFIG_SECCOMP_FILTER",
            ]
        )
    }

    @Test func `a kernel without seccomp has no filter`() throws {
        #expect(try #require(Confinement(parsing: status(seccomp: ""))).isFiltered == false)
    }

    @Test(arguments: ["", "Uid:\t0\n", "Uid:\t0\t0\t0\t0\nCapPrm:\tx\nNoNewPrivs:\t1\n"])
    func `an incomplete status is refused`(_ text: String) {
        #expect(Confinement(parsing: text) == nil)
    }
}
