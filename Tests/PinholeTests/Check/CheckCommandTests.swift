import Netfilter
import Testing

/// Each in a network namespace of its own, as root.
struct CheckCommandTests {
    /// Loads the rules and starts the daemon.
    private static let start = """
        ip link set lo up
        pinhole rules load
        start() {
            "$pinhole" run --user nobody --socket "$dir/$1" "${@:2}" 2>"$dir/$1.log" & background+=($!)
            until_ pinhole stats --socket "$dir/$1"
        }
        start socket

        """

    private func lines(_ child: ChildProcess, _ grade: String) -> [String] {
        child.output.split(separator: "\n").filter { $0.hasPrefix("\(grade) ") }.map {
            $0.dropFirst(grade.count).drop { $0 == " " }.description
        }
    }

    @Test func `with everything in place there is nothing to mend`() throws {
        let child = try Program.script(
            Self.start + """
                sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
                pinhole check --socket "$dir/socket" | sed "s/$background/PROCESS/; s|$dir|DIR|"
                """
        )
        #expect(child.status == 0, "\(child.errors)")
        #expect(
            child.output == """
                ok       kernel: NFQUEUE
                ok       kernel: ctnetlink
                ok       kernel: ipset
                ok       set pinhole4
                ok       rules in iptables mangle: port 21 to queue 21
                ok       rules in iptables raw: what is in pinhole4 to queue 20
                ok       set pinhole6
                ok       rules in ip6tables mangle: port 21 to queue 21
                ok       rules in ip6tables raw: what is in pinhole6 to queue 20
                ok       daemon: answers at DIR/socket, process PROCESS
                ok       daemon: user 65534
                ok       daemon: no capability but CAP_NET_ADMIN
                ok       daemon: no new privileges
                ok       daemon: no system calls but those that it needs
                ok       queue 21, control packets: pinhole, process PROCESS listens
                ok       queue 20, data connections: pinhole, process PROCESS listens
                ok       the kernel's helper: not in the way
                ok       forwarding of IPv4
                ok       forwarding of IPv6

                """
        )
    }

    @Test func `with nothing in place every line has its remedy`() throws {
        let child = try Program.script(#"pinhole check --socket "$dir/socket" | sed "s|$dir|DIR|""#)
        #expect(child.status == 1)
        #expect(
            lines(child, "not ok") == [
                "set pinhole4: not there: pinhole rules load",
                "rules in iptables mangle: none: pinhole rules load",
                "rules in iptables raw: none: pinhole rules load",
                "set pinhole6: not there: pinhole rules load",
                "rules in ip6tables mangle: none: pinhole rules load",
                "rules in ip6tables raw: none: pinhole rules load",
                "daemon: no daemon answers at DIR/socket: start it with pinhole run",
                "queue 21, control packets: nobody listens: pinhole run --queues 21,20",
                "queue 20, data connections: nobody listens: pinhole run --queues 21,20",
            ]
        )
        #expect(child.errors == "pinhole: 9 of 15 are not ok: do as their lines say\n")
    }

    @Test func `it changes nothing`() throws {
        let child = try Program.script(
            """
            state_of_rules >"$dir/before"
            ! pinhole check
            state_of_rules | diff "$dir/before" -
            [[ ! $(</proc/net/netfilter/nfnetlink_queue) ]]
            """,
            // The other implementation makes its tables when it only looks.
            tools: .legacy
        )
        #expect(child.status == 0, "\(child.output)\(child.errors)")
    }

    @Test func `forwarding that is off is no more than a warning`() throws {
        let child = try Program.script(
            Self.start + """
                sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
                pinhole check --socket "$dir/socket"
                """
        )
        #expect(child.status == 0, "\(child.errors)")
        #expect(
            lines(child, "warning") == [
                "forwarding of IPv4: off: sysctl net.ipv4.ip_forward=1, "
                    + "unless the FTP server or client is this host itself",
                "forwarding of IPv6: off: sysctl net.ipv6.conf.all.forwarding=1, "
                    + "unless the FTP server or client is this host itself",
            ]
        )
    }

    @Test func `a daemon that runs as root is no more than a warning`() throws {
        let child = try Program.script(
            Self.start + """
                sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
                kill "$background"; wait "$background"; background=()
                start socket --user root
                pinhole check --socket "$dir/socket"
                """
        )
        #expect(child.status == 0, "\(child.errors)")
        #expect(
            lines(child, "warning") == ["daemon: user root: useradd --system pinhole, then start it again"]
        )
    }

    @Test func `a daemon whose process is out of sight is no more than a warning`() throws {
        let child = try Program.script(
            Self.start + """
                sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
                unshare --pid --fork --mount-proc "$pinhole" check --socket "$dir/socket"
                """
        )
        #expect(child.status == 0, "\(child.errors)")
        #expect(
            lines(child, "warning").first
                == "daemon: what it may do cannot be seen from here: run pinhole check where the daemon runs"
        )
    }

    @Test func `rules that have come apart are found`() throws {
        let child = try Program.script(
            Self.start + """
                iptables -t raw -D OUTPUT 1
                ip6tables -t mangle -F PINHOLE
                pinhole check --socket "$dir/socket"
                """
        )
        #expect(child.status == 1)
        #expect(
            lines(child, "not ok") == [
                "rules in iptables raw: no jump from OUTPUT: pinhole rules load",
                "rules in ip6tables mangle: nothing goes to a queue: pinhole rules load",
            ]
        )
    }

    @Test func `queues and ports are those of the rules`() throws {
        let child = try Program.script(
            Self.start + """
                pinhole rules load --ports 2121 --queues 7,20
                pinhole check --socket "$dir/socket"
                """
        )
        #expect(child.status == 1)
        #expect(lines(child, "ok").contains("rules in iptables mangle: port 2121 to queue 7"))
        #expect(
            lines(child, "not ok") == [
                "queue 7, control packets: nobody listens: pinhole run --queues 7,20"
            ]
        )
    }

    @Test func `a queue that another process has is not the daemon's`() throws {
        let child = try Program.script(
            Self.start + """
                start other --queues 7,8
                pinhole rules load --queues 7,20
                pinhole check --socket "$dir/socket" | sed "s/${background[1]}/OTHER/"
                """
        )
        #expect(child.status == 1)
        #expect(
            lines(child, "not ok") == [
                "queue 7, control packets: pinhole, process OTHER listens, not the daemon: "
                    + "give each its own queues"
            ]
        )
    }

    @Test func `a kernel helper on a port of ours is found`() throws {
        let child = try Program.script(
            Self.start + """
                iptables -t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp
                ip6tables -t raw -A OUTPUT -p tcp --dport 2121 -j CT --helper ftp
                pinhole check --socket "$dir/socket"
                """
        )
        #expect(child.status == 1)
        #expect(
            lines(child, "not ok") == [
                "the kernel's helper: a rule gives it the same port: "
                    + "iptables -t raw -D PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp"
            ]
        )
    }

    @Test func `a set of another kind is found`() throws {
        let child = try Program.script("ipset create pinhole4 hash:ip; pinhole check")
        #expect(child.status == 1)
        #expect(lines(child, "not ok").contains { $0.hasPrefix("set pinhole4: of another kind, hash:ip ") })
    }

    @Test func `a missing program does not keep it from looking further`() throws {
        let child = try Program.script(
            Self.start + #"PATH="$dir/none" "$pinhole" check --socket "$dir/socket""#
        )
        #expect(child.status == 1)
        #expect(lines(child, "not ok") == ["there is no program ipset: apt install ipset"])
        #expect(lines(child, "ok").contains { $0.hasPrefix("daemon: answers") })
    }

    @Test func `without the right to look it says so`() throws {
        let child = try Program.script(
            #"setpriv --inh-caps=-all --bounding-set=-net_admin -- "$pinhole" check"#
        )
        #expect(child.status == 1)
        #expect(child.output == "not ok   no permission to look: run it as root, or with CAP_NET_ADMIN\n")
    }
}
