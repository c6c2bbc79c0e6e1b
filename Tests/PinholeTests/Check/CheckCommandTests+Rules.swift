// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import Testing

/// The rules, queues and sets that `pinhole check` looks at.
extension CheckCommandTests {
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
