// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import Testing

/// Each in a network namespace of its own, as root.
struct CheckCommandTests {
    /// Puts everything in place, and starts the daemon.
    static let start = machine + ". \"$scripts/installed.sh\"\n"

    /// A machine without systemd, and with a configuration for one that has no user for the daemon.
    static let machine = ". \"$scripts/machine.sh\"\n"

    /// The hint of each finding about rules that differ from the configuration.
    static let reload = "pinhole rules load, then pinhole reload"

    func lines(_ child: ChildProcess, _ grade: String) -> [String] {
        child.output.split(separator: "\n").filter { $0.hasPrefix("\(grade) ") }.map {
            $0.dropFirst(grade.count).drop { $0 == " " }.description
        }
    }

    @Test func `a complete installation gets no hints`() throws {
        let child = try Program.script(Self.start + #"check | sed "s/$background/PROCESS/; s|$dir|DIR|""#)
        #expect(child.status == 0, "\(child.errors)")
        #expect(
            child.output == """
                ok       kernel: NFQUEUE
                ok       kernel: ctnetlink
                ok       accounting
                ok       backend: iptables, because its rules are loaded
                ok       kernel: ipset
                ok       kernel: iptables -m conntrack
                ok       kernel: iptables -m set
                ok       kernel: iptables -m length
                ok       kernel: iptables -j NFQUEUE
                ok       set pinhole4
                ok       rules in iptables mangle: port 21 to queue 21
                ok       rules in iptables raw: members of pinhole4 to queue 20
                ok       set pinhole6
                ok       rules in ip6tables mangle: port 21 to queue 21
                ok       rules in ip6tables raw: members of pinhole6 to queue 20
                ok       rules: as configured
                ok       configuration: DIR/conf
                ok       user nobody: number 65534
                ok       daemon: answers at DIR/socket, process PROCESS
                ok       daemon: user 65534
                ok       daemon: no capability except CAP_NET_ADMIN
                ok       daemon: no new privileges
                ok       daemon: only the system calls that it needs
                ok       queue 21, control packets: pinholed, process PROCESS listens
                ok       queue 20, data connections: pinholed, process PROCESS listens
                ok       refused in the last hour: nothing
                ok       exporter: none at 127.0.0.1:9421; only Prometheus needs one
                ok       the kernel's helper: not used
                ok       forwarding of IPv4
                ok       iptables FORWARD: drops nothing by default
                ok       forwarding of IPv6
                ok       ip6tables FORWARD: drops nothing by default
                ok       reverse path filter of IPv4 (rp_filter): off; forged packets open nothing
                33 checks, all ok

                """
        )
    }

    @Test func `passed checks are listed only on request`() throws {
        let child = try Program.script(
            Self.start + """
                quiet() { pinhole check --config "$dir/conf" --socket "$dir/socket" "$@"; }
                quiet
                sysctl -qw net.netfilter.nf_conntrack_acct=0
                quiet
                quiet --json
                """
        )
        #expect(child.status == 0, "\(child.errors)")
        let lines = child.output.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines[0] == "33 checks, all ok")
        #expect(lines[1].hasPrefix("warning  accounting: off, "))
        #expect(lines[2] == "33 checks, 1 warning")
        #expect(lines[3].hasPrefix(#"[{"grade":"ok","subject":"kernel: NFQUEUE","hint":""},"#))
        #expect(
            lines[3].contains(
                #"{"grade":"warning","subject":"accounting: off, so the size of transfers is unknown","#
            )
        )
    }

    @Test func `a monitoring plugin gets one line, figures and an exit status`() throws {
        let child = try Program.script(
            Self.start + """
                monitor() {
                    "$@" pinhole check --monitoring --config "$dir/conf" --socket "$dir/socket" && echo 0 || echo $?
                }
                monitor
                sysctl -qw net.netfilter.nf_conntrack_acct=0
                monitor
                pinhole rules unload
                monitor
                pinhole() { setpriv --inh-caps=-all --bounding-set=-net_admin -- "$pinhole" "$@"; }
                monitor
                """
        )
        #expect(child.status == 0, "\(child.errors)")
        let figures = "sessions=0 transfers=0 expectations=0 blocked=0c refused=0c errors=0c"
        let lines = child.output.split(separator: "\n")
        #expect(lines.count == 8)
        #expect(lines[0...1] == ["PINHOLE OK - 33 checks, all ok | \(figures)", "0"])
        #expect(
            lines[2].hasPrefix(
                "PINHOLE WARNING - accounting: off, so the size of transfers is unknown: sysctl "
            )
        )
        #expect(lines[2].hasSuffix("; 33 checks, 1 warning | \(figures)"))
        #expect(lines[3] == "1")
        #expect(lines[4].hasPrefix("PINHOLE CRITICAL - set pinhole4: missing: pinhole rules load; "))
        #expect(lines[5] == "2")
        #expect(lines[6].hasPrefix("PINHOLE UNKNOWN - no permission to inspect kernel, rules and firewall: "))
        #expect(lines[7] == "3")
    }

    @Test func `without any installation every line has a hint`() throws {
        let child = try Program.script(
            Self.machine + #"""
                rm -f "$dir/bin/nft"
                ln -s /bin/false "$dir/bin/nft"
                check | sed "s|$dir|DIR|"
                """#
        )
        #expect(child.status == 1)
        #expect(
            lines(child, "not ok") == [
                "set pinhole4: missing: pinhole rules load",
                "rules in iptables mangle: none: pinhole rules load",
                "rules in iptables raw: none: pinhole rules load",
                "set pinhole6: missing: pinhole rules load",
                "rules in ip6tables mangle: none: pinhole rules load",
                "rules in ip6tables raw: none: pinhole rules load",
                "daemon: no daemon answers at DIR/socket: start it with pinholed",
                "queue 21, control packets: no process listens: start pinholed",
                "queue 20, data connections: no process listens: start pinholed",
            ]
        )
        #expect(child.errors == "pinhole: 9 of 27 checks failed: each line above says how to fix it\n")
    }

    @Test func `check changes nothing`() throws {
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

    @Test func `disabled forwarding is only a warning`() throws {
        let child = try Program.script(
            Self.start + """
                sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
                check
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

    @Test func `a daemon that runs as root is only a warning`() throws {
        let child = try Program.script(
            Self.start + """
                kill "$background"; wait "$background"; background=()
                start socket --user root
                check
                """
        )
        #expect(child.status == 0, "\(child.errors)")
        #expect(
            lines(child, "warning") == [
                "daemon: user root: useradd --system pinhole, then restart the daemon"
            ]
        )
    }

    @Test func `a daemon in another process namespace is only a warning`() throws {
        let child = try Program.script(
            Self.start + """
                unshare --pid --fork --mount-proc "$pinhole" check -v --config "$dir/conf" --socket "$dir/socket"
                """
        )
        #expect(child.status == 0, "\(child.errors)")
        #expect(
            lines(child, "warning").first
                == "daemon: its privileges cannot be read from here: run pinhole check where the daemon runs"
        )
    }

    @Test func `in an unprivileged container rules and daemon work, and check reports nothing missing`()
        throws
    {
        let child = try Program.script(
            #"""
            cp "$pinhole" "$pinholed" "$dir"
            chmod 755 "$dir"
            mkdir -m 777 "$dir/own"
            setpriv --reuid=65534 --regid=65534 --clear-groups unshare --user --map-root-user --net bash -c '
                set -eu
                cd "$0"
                ip link set lo up
                ./pinhole rules load --backend iptables
                ./pinholed --socket "$0/own/socket" 2>own/log & daemon=$!
                trap "kill $daemon" EXIT
                end=$((SECONDS + 60))
                until ./pinhole stats --socket "$0/own/socket" >/dev/null 2>&1; do ((SECONDS < end)); done
                ./pinhole check -v --socket "$0/own/socket"
                ./pinhole rules unload
            ' "$dir"
            """#
        )
        #expect(child.status == 0, "\(child.output)\(child.errors)")
        #expect(lines(child, "not ok") == [])
        #expect(
            lines(child, "ok").filter { $0.hasPrefix("queue ") } == [
                "queue 21, control packets: a process listens, which only root on the host can identify",
                "queue 20, data connections: a process listens, which only root on the host can identify",
            ]
        )
    }

    @Test func `a missing program does not stop the other checks`() throws {
        let child = try Program.script(
            Self.start + #"PATH="$dir/none" "$pinhole" check -v --config "$dir/conf" --socket "$dir/socket""#
        )
        #expect(child.status == 1)
        #expect(lines(child, "not ok") == ["there is no command ipset: apt install ipset"])
        #expect(lines(child, "ok").contains { $0.hasPrefix("daemon: answers") })
    }

    @Test func `without privileges the other checks run, and the missing ones are named`() throws {
        let child = try Program.script(
            Self.start + """
                setpriv --inh-caps=-all --bounding-set=-net_admin -- \\
                    "$pinhole" check -v --config "$dir/conf" --socket "$dir/socket"
                """
        )
        #expect(child.status == 0, "\(child)")
        let missing = "no permission to inspect kernel, rules and firewall"
        #expect(lines(child, "warning").contains("\(missing): run it as root, or with CAP_NET_ADMIN"))
        for beginning in ["daemon: answers", "configuration: ", "refused in the last hour: nothing"] {
            #expect(lines(child, "ok").contains { $0.hasPrefix(beginning) }, "\(child)")
        }
    }
}
