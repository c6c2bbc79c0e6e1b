// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import Testing

/// Each in a network namespace of its own, as root.
struct CheckCommandTests {
    /// Puts everything in place, and starts the daemon.
    private static let start =
        machine + """
            ip link set lo up
            sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.netfilter.nf_conntrack_acct=1
            pinhole rules load --backend iptables
            start() {
                "$pinholed" --config "$dir/conf" --socket "$dir/$1" "${@:2}" 2>"$dir/$1.log" & background+=($!)
                until_ pinhole stats --socket "$dir/$1"
            }
            start socket

            """

    /// A machine without systemd, and with a configuration for one that has no user for the daemon.
    private static let machine = """
        printf '#!/bin/sh\nexit 1\n' >"$dir/bin/systemctl"
        chmod 755 "$dir/bin/systemctl"
        echo 'user = nobody' >"$dir/conf"
        check() { pinhole check -v --config "$dir/conf" --socket "$dir/socket"; }

        """

    /// The hint of each finding about rules that differ from the configuration.
    private static let reload = "pinhole rules load, then pinhole reload"

    private func lines(_ child: ChildProcess, _ grade: String) -> [String] {
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

    @Test(arguments: [("nft", "iptables"), ("iptables", "nft")])
    func `rules that match the configuration pass, and each difference is named`(
        backend: String,
        other: String
    ) throws {
        let child = try Program.script(
            Self.machine + """
                both() { pinhole check -v --config "$dir/conf" | grep ' rules: ' || true; }
                cat >"$dir/conf" <<'END'
                ports = 2121,21
                queues = 5,6,9
                bypass-mark = 0x1000/0x3000
                bypass = yes
                synproxy = yes
                implicit-tls = 990
                ftps = 10.2.0.2=3000
                backend = \(backend)
                END
                pinhole rules load --config "$dir/conf"
                both
                printf '%s\n' 'queues = 5,6,8' 'backend = \(other)' >"$dir/conf"
                both
                """
        )
        #expect(lines(child, "ok") == ["rules: as configured"])
        let differences = [
            "ports: 21,990,2121 is loaded, 21 is configured", "FTPS: on is loaded, off is configured",
            "bypass-mark: 0x1000/0x3000 is loaded, none is configured",
            "bypass: yes is loaded, no is configured", "synproxy: yes is loaded, no is configured",
        ].map { "rules: \($0): \(Self.reload)" }
        let last =
            "rules: backend: \(backend) is loaded, \(other) is configured: "
            + "pinhole rules unload, pinhole rules load, then restart the daemon"
        #expect(lines(child, "not ok") == differences + [last])
    }

    @Test func `rules of nftables are checked as well`() throws {
        let child = try Program.script(
            Self.start + """
                pinhole rules unload
                pinhole rules load --backend nft --ports 21,2121 --queues 7,8
                pinhole check -v --socket "$dir/socket"
                """
        )
        let found = lines(child, "ok").filter { $0.hasPrefix("set ") || $0.hasPrefix("rules ") }
        #expect(
            found == [
                "set pinhole4", "set pinhole6", "rules in nftables mangle: port 21, 2121 to queue 7",
                "rules in nftables raw: members of the sets to queue 8",
            ]
        )
        #expect(!child.output.contains("ipset") && !child.output.contains("iptables mangle"))
    }

    @Test func `the backend that would be chosen, nftables or iptables, is shown with the reason`() throws {
        let child = try Program.script(
            """
            backend() { { "$pinhole" check -v --socket "$dir/socket" || true; } | grep backend; }
            iptables -A INPUT -j ACCEPT
            backend
            mkdir "$dir/few"
            ln -s /usr/sbin/nft "$dir/few"
            for path in none few; do
                PATH=$dir/$path "$pinhole" check -v --socket "$dir/socket" >"$dir/findings" || true
                grep backend "$dir/findings"
            done
            # Where the kernel lacks it, the first lines are those of its stand-in.
            [[ -e $dir/bin/nft ]] && echo lacking || echo complete
            """
        )
        let lines = child.output.split(separator: "\n")
        #expect(
            lines.prefix(2) == [
                "ok       backend: nftables, because the kernel supports it",
                "ok       backend: iptables, because nftables is not installed",
            ]
        )
        let last =
            lines.last == "lacking"
            ? "iptables, because the kernel has no queue statement for nftables: modprobe -a nft_ct nft_queue"
            : "nftables, because the kernel supports it"
        #expect(lines.dropFirst(2).first == "ok       backend: \(last)")
    }

    @Test func `incomplete rules of nftables are found, and so are rules of both backends`() throws {
        let child = try Program.script(
            """
            pinhole rules load --backend nft
            nft delete chain inet pinhole data_output
            nft flush chain inet pinhole control
            nft delete set inet pinhole pinhole6 || nft flush chain inet pinhole data
            ipset create pinhole4 hash:ip,port,ip timeout 300
            pinhole check -v --socket "$dir/socket"
            """
        )
        #expect(
            lines(child, "not ok").prefix(3) == [
                "rules in nftables mangle: no packets go to a queue: pinhole rules load",
                "rules in nftables raw: no jump from output: pinhole rules load",
                "rules: loaded with both nftables and iptables, so packets are queued twice: "
                    + "pinhole rules unload, then pinhole rules load",
            ]
        )
    }

    @Test func `incomplete rules are found`() throws {
        let child = try Program.script(
            Self.start + """
                iptables -t raw -D OUTPUT 1
                ip6tables -t mangle -F PINHOLE
                check
                """
        )
        #expect(child.status == 1)
        #expect(
            lines(child, "not ok") == [
                "rules in iptables raw: no jump from OUTPUT: pinhole rules load",
                "rules in ip6tables mangle: no packets go to a queue: pinhole rules load",
            ]
        )
    }

    @Test func `queues and ports are taken from the rules`() throws {
        let child = try Program.script(
            Self.start + """
                pinhole rules load --backend iptables --ports 2121 --queues 7,20
                check
                """
        )
        #expect(child.status == 1)
        #expect(lines(child, "ok").contains("rules in iptables mangle: port 2121 to queue 7"))
        #expect(
            lines(child, "not ok") == [
                "rules: ports: 2121 is loaded, 21 is configured: \(Self.reload)",
                "rules: queues: 7,20 is loaded, 21,20 is configured: \(Self.reload)",
                "queue 7, control packets: no process listens: restart the daemon",
            ]
        )
    }

    @Test func `a queue of another process is reported`() throws {
        let child = try Program.script(
            Self.start + """
                start other --queues 7,8
                pinhole rules load --backend iptables --queues 7,20
                check | sed "s/${background[1]}/OTHER/"
                """
        )
        #expect(child.status == 1)
        #expect(
            lines(child, "not ok") == [
                "rules: queues: 7,20 is loaded, 21,20 is configured: \(Self.reload)",
                "queue 7, control packets: pinholed, process OTHER listens, not the daemon: "
                    + "give each its own queues",
            ]
        )
    }

    @Test func `a kernel helper on a control port is found`() throws {
        let child = try Program.script(
            Self.start + """
                iptables -t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp
                ip6tables -t raw -A OUTPUT -p tcp --dport 2121 -j CT --helper ftp
                check
                """
        )
        #expect(child.status == 1)
        #expect(
            lines(child, "not ok") == [
                "the kernel's helper: a rule assigns it to the same port: "
                    + "iptables -t raw -D PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp"
            ]
        )
    }

    @Test func `a set of another type is found`() throws {
        let child = try Program.script("ipset create pinhole4 hash:ip; pinhole check")
        #expect(child.status == 1)
        #expect(lines(child, "not ok").contains { $0.hasPrefix("set pinhole4: of another type, hash:ip ") })
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

    @Test func `errors of the configuration are reported with their lines`() throws {
        let child = try Program.script(
            Self.start + """
                printf 'timeuot = 3\nuser = nobody\nloose = perhaps\n' >"$dir/conf"
                check | sed "s|$dir|DIR|"
                """
        )
        #expect(child.status == 1)
        let complaints = lines(child, "not ok")
        #expect(
            complaints == [
                "configuration: DIR/conf:1: unknown key 'timeuot': did you mean timeout?",
                "configuration: DIR/conf:3: loose: 'perhaps' is neither yes, no nor an address: write yes, no, or addresses with commas between them",
            ]
        )
    }

    @Test func `a configuration file that is named must exist, the default one need not`() throws {
        let child = try Program.script(
            """
            pinhole check -v --config "$dir/none" | sed "s|$dir|DIR|" | grep configuration || true
            mkdir "$dir/etc"
            unshare --mount bash -c 'mount --bind "$1/etc" /etc; "$2" check -v' - "$dir" "$pinhole" | grep configuration
            """
        )
        #expect(
            child.output == """
                not ok   configuration: open DIR/none: No such file or directory: create the file, or \
                name another one with --config
                ok       configuration: no /etc/pinhole/pinhole.conf: the defaults are used

                """
        )
    }

    @Test func `the daemon is looked for at the configured socket`() throws {
        let child = try Program.script(
            Self.start + """
                start other --queues 7,8
                echo "socket = $dir/other" >>"$dir/conf"
                pinhole check -v --config "$dir/conf" | grep -c "daemon: answers at $dir/other,"
                """
        )
        #expect(child.output == "1\n")
    }

    @Test func `a missing user is found`() throws {
        let child = try Program.script(
            Self.machine + """
                echo 'user = nemo' >"$dir/conf"
                check | grep nemo || true
                grep -v '^pinhole:' /etc/passwd >"$dir/passwd"
                echo >"$dir/conf"
                unshare --mount bash -c 'mount --bind "$1/passwd" /etc/passwd; "$2" check -v --config "$1/conf"' \
                    - "$dir" "$pinhole" | grep '  user '
                """
        )
        #expect(
            child.output == """
                not ok   user nemo: does not exist: useradd --system --shell /usr/sbin/nologin nemo
                warning  user pinhole: does not exist, the daemon would stay root: useradd --system --shell \
                /usr/sbin/nologin pinhole

                """
        )
    }

    /// Stands in for such a kernel.
    @Test func `a kernel without seccomp filters is only a warning`() throws {
        let child = try Program.script(
            Self.start + """
                kill "$background"; wait "$background"; background=()
                clang -shared -fPIC -o "$dir/unfiltered.so" -x c - <<'END'
                #include <errno.h>
                #include <linux/prctl.h>
                #include <sys/syscall.h>
                #include <unistd.h>
                int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
                {
                    if (option == PR_SET_SECCOMP) {
                        errno = EINVAL;
                        return -1;
                    }
                    return syscall(SYS_prctl, option, a, b, c, d);
                }
                END
                LD_PRELOAD=$dir/unfiltered.so start socket
                check
                """
        )
        #expect(child.status == 0, "\(child.errors)")
        #expect(
            lines(child, "warning") == [
                "daemon: all system calls: use a kernel with CONFIG_SECCOMP_FILTER"
            ]
        )
    }

    @Test func `disabled accounting is only a warning`() throws {
        let child = try Program.script(
            Self.start + """
                sysctl -qw net.netfilter.nf_conntrack_acct=0
                check
                """
        )
        #expect(child.status == 0, "\(child.errors)")
        #expect(
            lines(child, "warning") == [
                "accounting: off, so the size of transfers is unknown: "
                    + "sysctl net.netfilter.nf_conntrack_acct=1"
            ]
        )
    }

    /// Stands in for systemctl(1) where systemd runs.
    @Test func `a service that is disabled or has failed is found`() throws {
        let child = try Program.script(
            Self.start + """
                cat >"$dir/bin/systemctl" <<'END'
                #!/bin/sh
                [ "$*" = 'show --property=LoadState,UnitFileState,ActiveState pinhole.service' ] || exit 1
                echo LoadState=loaded; echo UnitFileState=disabled; echo ActiveState=failed
                END
                check
                """
        )
        #expect(child.status == 0, "\(child.errors)")
        #expect(
            lines(child, "warning") == [
                "service: does not start at boot, it is disabled: systemctl enable pinhole",
                "service: failed: journalctl -u pinhole says why",
            ]
        )
    }

    @Test func `an exporter that does not reach the daemon is found`() throws {
        let child = try Program.script(
            Self.start + """
                exporter() { check | grep exporter; }
                serve() { "$pinhole" exporter --socket "$1" & background+=($!); }
                stop() { kill "${background[-1]}"; wait "${background[-1]}" || true; unset 'background[-1]'; }
                serve "$dir/socket"
                until_ eval 'exporter | grep answers'
                exporter
                stop
                serve "$dir/none"
                until_ eval 'exporter | grep connect'
                exporter
                stop
                mkdir "$dir/web"
                (cd "$dir/web"; exec python3 -m http.server --bind 127.0.0.1 9421) >/dev/null 2>&1 & background+=($!)
                until_ eval 'exporter | grep "another program"'
                exporter
                stop
                exporter
                """
        )
        #expect(
            child.output == """
                ok       exporter: answers at 127.0.0.1:9421
                warning  exporter: cannot connect to the daemon: start it in the group of the daemon's user, and with the \
                same --socket
                warning  exporter: another program listens at 127.0.0.1:9421: find it with ss -ltnp, or give the \
                exporter another address with --listen
                ok       exporter: none at 127.0.0.1:9421; only Prometheus needs one

                """
        )
        #expect(child.status == 0, "\(child.errors)")
    }

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
    ]

    @Test(arguments: faults.indices)
    func `a firewall rule that breaks FTP is named`(number: Int) throws {
        let (rules, finding) = Self.faults[number]
        let child = try Program.script(Self.start + "\(rules)\ncheck\n")
        #expect(child.status == 1)
        #expect(lines(child, "not ok").contains(finding), "\(child.output)")
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

    @Test func `with servers configured for FTPS its rules are checked`() throws {
        let child = try Program.script(
            Self.start + """
                printf '%s\\n' 'user = nobody' 'implicit-tls = 990' '[server 10.2.0.2]' 'ftps-ports = 3000' >"$dir/conf"
                check || true
                pinhole rules load --config "$dir/conf"
                check
                """
        )
        #expect(child.status == 0, "\(child.errors)")
        #expect(
            lines(child, "not ok") == [
                "rules: ports: 21 is loaded, 21,990 is configured: \(Self.reload)",
                "rules: FTPS: off is loaded, on is configured: \(Self.reload)",
            ]
        )
        #expect(lines(child, "ok").filter { $0.hasPrefix("FTPS") }.count == 1)
    }
}
