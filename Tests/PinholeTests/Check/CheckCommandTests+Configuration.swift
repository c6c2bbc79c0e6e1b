// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import Testing

/// The configuration and the surroundings of the daemon that `pinhole check` looks at.
extension CheckCommandTests {
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
                clang -shared -fPIC -o "$dir/unfiltered.so" "$scripts/unfiltered.c"
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
}
