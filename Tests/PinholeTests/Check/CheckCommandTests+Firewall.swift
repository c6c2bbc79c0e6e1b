// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import Testing

/// The other rules of the firewall, and what the daemon refused.
extension CheckCommandTests {
    /// Faults of a firewall with which transfers fail, and the finding.
    private static let faults: [(rules: String, finding: String)] = [
        (
            """
            nft -f - <<END
            table inet filter {
                chain forward {
                    type filter hook forward priority filter; policy drop;
                    ct state established accept
                    tcp dport 21 ct state new accept
                }
            }
            END
            """,
            "nftables inet filter forward: drops RELATED connections, such as to port 1024 "
                + "(policy drop of inet filter forward): "
                + "nft insert rule inet filter forward ct state established,related accept"
        ),
        (
            """
            nft -f - <<END
            table ip filter-v4 {
                chain forward {
                    type filter hook forward priority filter;
                    tcp dport 1024-65535 drop
                    ct state established,related accept
                }
            }
            END
            """,
            "nftables ip filter-v4 forward: drops RELATED connections, such as to port 1024 "
                + "('tcp dport 1024-65535 drop' in ip filter-v4 forward): "
                + "nft insert rule ip filter-v4 forward ct state established,related accept"
        ),
        (
            """
            iptables -A FORWARD -p tcp --dport 1024: -j DROP
            iptables -A FORWARD -m conntrack --ctstate RELATED -j ACCEPT
            """,
            "iptables FORWARD: drops RELATED connections, such as to port 1024 "
                + "(FORWARD -p tcp -m tcp --dport 1024:65535 -j DROP): "
                + "iptables -I FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
        ),
        (
            """
            nft -f - <<END
            table inet filter {
                chain forward {
                    type filter hook forward priority filter; policy drop;
                    ct state vmap { established : accept, related : accept }
                }
            }
            END
            """,
            "nftables inet filter forward: drops new connections to port 21 "
                + "(policy drop of inet filter forward): "
                + "nft insert rule inet filter forward tcp dport 21 ct state new accept"
        ),
        (
            "iptables -t raw -I PREROUTING -p tcp --dport 21 -j CT --notrack",
            "iptables raw: keeps port 21 out of conntrack "
                + "(PREROUTING -p tcp -m tcp --dport 21 -j CT --notrack): "
                + "iptables -t raw -D PREROUTING -p tcp -m tcp --dport 21 -j CT --notrack"
        ),
        (
            """
            nft -f - <<END
            table inet other {
                chain early { type filter hook prerouting priority raw; tcp dport { 21, 80 } notrack; }
            }
            END
            """,
            "nftables: keeps port 21 out of conntrack "
                + "('tcp dport { 21, 80 } notrack' in inet other early): except port 21 from that rule"
        ),
        (
            "iptables -t mangle -A FORWARD -p tcp --dport 21 -j DROP",
            "iptables mangle FORWARD: drops new connections to port 21 "
                + "(FORWARD -p tcp -m tcp --dport 21 -j DROP): "
                + "iptables -t mangle -I FORWARD -p tcp --dport 21 -m conntrack --ctstate NEW -j ACCEPT"
        ),
        (
            "iptables -t mangle -P POSTROUTING DROP",
            "iptables mangle POSTROUTING: drops new connections to port 21 (policy DROP): "
                + "iptables -t mangle -I POSTROUTING -p tcp --dport 21 -m conntrack --ctstate NEW -j ACCEPT"
        ),
        (
            "ip6tables -t raw -I PREROUTING -p tcp --dport 1024: -j DROP",
            "ip6tables raw PREROUTING: drops data connections, such as to port 1024 "
                + "(PREROUTING -p tcp -m tcp --dport 1024:65535 -j DROP): "
                + "ip6tables -t raw -D PREROUTING -p tcp -m tcp --dport 1024:65535 -j DROP, "
                + "and drop after conntrack instead, behind the rule that accepts RELATED"
        ),
        (
            "iptables -t security -A FORWARD -p tcp --dport 21 -j DROP",
            "iptables security FORWARD: drops new connections to port 21 "
                + "(FORWARD -p tcp -m tcp --dport 21 -j DROP): "
                + "iptables -t security -I FORWARD -p tcp --dport 21 -m conntrack --ctstate NEW -j ACCEPT"
        ),
        (
            """
            nft -f - <<END
            table inet other {
                chain early { type filter hook prerouting priority raw; tcp dport 21 drop; }
            }
            END
            """,
            "nftables inet other early: drops new connections to port 21 "
                + "('tcp dport 21 drop' in inet other early): "
                + "nft insert rule inet other early tcp dport 21 accept"
        ),
        (
            """
            nft -f - <<END
            table inet other {
                map ports { type inet_service : verdict; flags interval; elements = { 1024-65535 : jump high }; }
                chain high { drop; }
                chain late { type filter hook postrouting priority 0; tcp dport vmap @ports; }
            }
            END
            """,
            "nftables inet other late: drops RELATED connections, such as to port 1024 "
                + "('drop' in inet other high): "
                + "nft insert rule inet other late ct state established,related accept"
        ),
    ]

    @Test(arguments: faults.indices)
    func `a firewall rule that breaks FTP is named`(number: Int) throws {
        let (rules, finding) = Self.faults[number]
        let child = try Program.script(Self.start + "\(rules)\ncheck\n")
        #expect(child.status == 1)
        #expect(lines(child, "not ok").contains(finding), "\(child.output)")
    }

    @Test(arguments: Program.Tools.allCases)
    func `rules of the other variant of iptables are followed, too`(tools: Program.Tools) throws {
        let other = tools == .nft ? Program.Tools.legacy : .nft
        let rule = "iptables-\(other.rawValue) -A FORWARD -p tcp --dport 21 -j DROP"
        let child = try Program.script(Self.start + "\(rule)\ncheck\n", tools: tools)
        #expect(child.status == 1)
        let program = "iptables-\(other.rawValue)"
        #expect(
            lines(child, "not ok") == [
                "\(program) FORWARD: drops new connections to port 21 (FORWARD -p tcp -m tcp --dport 21 -j DROP): "
                    + "\(program) -I FORWARD -p tcp --dport 21 -m conntrack --ctstate NEW -j ACCEPT"
            ]
        )
    }

    @Test func `a firewall that drops data connections is found`() throws {
        let child = try Program.script(
            Self.start + """
                iptables -P FORWARD DROP
                iptables -A FORWARD -p tcp --dport 21 -j ACCEPT
                ip6tables -P FORWARD DROP
                ip6tables -A FORWARD -o eth0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
                check
                """
        )
        #expect(child.status == 1)
        let hint = "tables -I FORWARD"
        let related = "-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
        #expect(
            lines(child, "not ok") == [
                "iptables FORWARD: drops RELATED connections, such as to port 1024 (policy DROP): "
                    + "ip\(hint) \(related)",
                "ip6tables FORWARD: drops new connections to port 21 (policy DROP): "
                    + "ip6\(hint) -p tcp --dport 21 -m conntrack --ctstate NEW -j ACCEPT",
            ]
        )
        #expect(
            lines(child, "warning") == [
                "ip6tables FORWARD: accepts only some RELATED connections (policy DROP): ip6\(hint) \(related)"
            ]
        )
    }

    @Test func `refusals are counted, with where to read the reasons`() throws {
        let child = try Program.script(
            Self.start + """
                unshare --net sleep 60 & background+=($!)
                client=/proc/$!/ns/net
                until_ eval '[[ $(readlink "$client") != "$(readlink /proc/self/ns/net)" ]]'
                ip link add near type veth peer name far netns $!
                ip addr add 10.9.0.1/24 dev near
                ip link set near up
                nsenter --net="$client" sh -c 'ip addr add 10.9.0.2/24 dev far; ip link set far up'
                python3 -c 'import socket
                socket.create_server(("10.9.0.1", 21)).accept()[0].recv(100)' & background+=($!)
                until_ nsenter --net="$client" bash -ec '
                    exec 3<>/dev/tcp/10.9.0.1/21
                    printf "GET / HTTP/1.1\\r\\n" >&3
                    read -r <&3 || true
                '
                check
                """
        )
        #expect(child.status == 0, "\(child.errors)")
        #expect(
            lines(child, "warning") == [
                "refused in the last hour: 1 not-ftp: see pinhole refusals"
            ]
        )
    }
}
