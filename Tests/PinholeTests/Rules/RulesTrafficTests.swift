// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import Netfilter
import Testing

/// What the rules queue of real traffic: a client, this host as the gateway, and a server that echoes.
struct RulesTrafficTests {
    /// The client is 10.1.0.2, the server 10.2.0.2; `exchange PORT SOURCE-PORT` connects, and exchanges a line.
    private static let network = """
        ip link set lo up
        sysctl -qw net.ipv4.ip_forward=1
        for end in 1 2; do
            unshare -n sleep infinity & background+=($!)
            until_ [ ! /proc/self/ns/net -ef "/proc/$!/ns/net" ]
            ip link add "veth$end" type veth peer name eth0 netns "$!"
            ip address add "10.$end.0.1/24" dev "veth$end"
            ip link set "veth$end" up
            nsenter -n -t "$!" ip link set lo up
            nsenter -n -t "$!" ip address add "10.$end.0.2/24" dev eth0
            nsenter -n -t "$!" ip link set eth0 up
            nsenter -n -t "$!" ip route add default via "10.$end.0.1"
        done
        serve() {
            nsenter -n -t "${background[1]}" python3 -B "$scripts/echo.py" "$1" & background+=($!)
            until_ nsenter -n -t "${background[1]}" bash -c "exec 3<>/dev/tcp/10.2.0.2/$1"
        }
        exchange() {
            nsenter -n -t "${background[0]}" python3 -B "$scripts/exchange.py" "$@"
        }
        # Packets that the rules queued, and those of established connections that came by.
        iptables -t mangle -I PREROUTING -m conntrack --ctstate ESTABLISHED
        queued() {
            if nft list table inet pinhole >"$dir/table" 2>/dev/null; then
                sed -n "s/.*ct state.* packets \\([0-9]*\\) .*/\\1/p" "$dir/table"
            else
                packets NFQUEUE
            fi | awk '{ sum += $1 } END { print sum + 0 }'
        }
        packets() { iptables-save -c -t mangle | sed -n "s/^\\\\[\\\\([0-9]*\\\\):.*$1.*/\\\\1/p"; }

        """

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
