// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import Netfilter
import Testing

/// What the rules queue of real traffic: a client, this host as the gateway, and a server that echoes.
struct RulesTrafficTests {
    /// The client is 10.1.0.2, the server 10.2.0.2; `exchange PORT SOURCE-PORT` connects, and exchanges a line.
    private static let network = ". \"$scripts/traffic.sh\"\n"

    @Test(arguments: PinholeSet.Backend.allCases)
    func `every packet of a control connection but an ordinary SYN is queued`(_ backend: PinholeSet.Backend)
        throws
    {
        let child = try Program.script(
            Self.network + """
                serve 21
                pinhole rules load --bypass --backend \(backend.rawValue)
                iptables -t mangle -Z
                exchange 10.2.0.2 21 0
                (($(queued) >= 8))
                (($(queued) == $(packets 'ctstate ESTABLISHED')))
                """
        )
        #expect(child.status == 0, "\(child.output)\(child.errors)")
    }

    @Test(arguments: PinholeSet.Backend.allCases)
    func `a control connection is queued where DNAT changes the port`(_ backend: PinholeSet.Backend) throws {
        let child = try Program.script(
            Self.network + """
                serve 21
                iptables -t nat -A PREROUTING -d 10.1.0.1 -p tcp --dport 2121 -j DNAT --to-destination 10.2.0.2:21
                pinhole rules load --ports 2121 --bypass --backend \(backend.rawValue)
                iptables -t mangle -Z
                exchange 10.1.0.1 2121 0
                (($(queued) >= 8))
                (($(queued) == $(packets 'ctstate ESTABLISHED')))
                """
        )
        #expect(child.status == 0, "\(child.output)\(child.errors)")
    }

    @Test(arguments: PinholeSet.Backend.allCases)
    func `a connection from the control port is not queued`(_ backend: PinholeSet.Backend) throws {
        let child = try Program.script(
            Self.network + """
                serve 8080
                pinhole rules load --bypass --backend \(backend.rawValue)
                iptables -t mangle -Z
                exchange 10.2.0.2 8080 21
                (($(queued) == 0))
                (($(packets 'ctstate ESTABLISHED') >= 8))
                """
        )
        #expect(child.status == 0, "\(child.output)\(child.errors)")
    }

    @Test func `without bypass and without a daemon no packet passes`() throws {
        let child = try Program.script(
            Self.network + """
                serve 21
                pinhole rules load --backend iptables
                ! timeout 2 bash -c "$(declare -f exchange); background=(${background[0]}); exchange 10.2.0.2 21 0"
                pinhole rules load --backend iptables --bypass
                exchange 10.2.0.2 21 0
                """
        )
        #expect(child.status == 0, "\(child.output)\(child.errors)")
    }

    @Test func `only the SYN of an expected data connection waits for the daemon`() throws {
        let child = try Program.script(
            Self.network + """
                serve 5001
                pinhole rules load --backend iptables
                ipset add pinhole4 10.2.0.2,tcp:5001,10.1.0.9
                exchange 10.2.0.2 5001 0
                pinhole rules load --backend iptables --bypass
                ipset add pinhole4 10.2.0.2,tcp:5001,10.1.0.2
                iptables -t raw -Z
                exchange 10.2.0.2 5001 0
                iptables-save -c -t raw | grep '^.1:[0-9]*. -A PINHOLE .* -m set'
                """
        )
        #expect(child.status == 0, "\(child.output)\(child.errors)")
    }
}
