// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Linux
import Testing

@testable import pinholed

struct PinholedTests {
    /// Starts a daemon in the background, its log in `$dir/NAME.log`, and waits until it answers at `$dir/NAME`.
    let start = """
        start() {
            "$pinholed" --user root --socket "$dir/$1" "${@:2}" 2>"$dir/${1//\\//-}.log" & background+=($!)
            until_ pinhole stats --socket "$dir/$1"
        }
        # Ends the only daemon with this signal.
        end() { kill "-$1" "${background[0]}"; wait "${background[0]}"; background=(); }
        # What a command that is to fail says, and its status.
        fails() { local status=0; "$@" >/dev/null 2>"$dir/fails" || status=$?; echo "$(<"$dir/fails") ($status)"; }

        """

    func output(_ script: String) throws -> String {
        let child = try Program.script(start + script)
        #expect(child.errors == "")
        #expect(child.status == 0)
        return child.output
    }

    @Test func `without rules the daemon does not start and leaves nothing behind`() throws {
        let said = try output(
            """
            fails pinholed --socket "$dir/made/socket"
            ls "$dir" | grep -v -e bin -e fails || true
            """
        )
        #expect(said == "pinholed: there is no set pinhole4: load the rules with: pinhole rules load (1)\n")
    }

    @Test func `a missing user is named with how to create it`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            fails pinholed --socket "$dir/made/socket" --user nemo
            ls "$dir" | grep -v -e bin -e fails || true
            """
        )
        #expect(said == "pinholed: there is no user nemo: make it with: useradd --system nemo (78)\n")
    }

    @Test func `a wrong configuration has a status of its own in every program`() throws {
        let said = try output(
            """
            echo 'ports = 0' >"$dir/conf"
            fails pinholed --config "$dir/conf" | sed "s|$dir|DIR|"
            fails pinhole rules load --config "$dir/conf" | sed "s|$dir|DIR|"
            fails pinhole rules print --config "$dir/none" | sed "s|$dir|DIR|"
            pinhole rules unload --config "$dir/conf"
            """
        )
        let mistake = "DIR/conf:1: ports: 0 is out of range: give a number from 1 to 65535 (78)"
        #expect(
            said == """
                pinholed: \(mistake)
                pinhole: \(mistake)
                pinhole: open DIR/none: No such file or directory: create the file, or name another one with \
                --config (78)

                """
        )
    }

    @Test func `without the sets of FTPS the daemon starts with a hint`() throws {
        let said = try output(
            """
            pinhole rules load
            start socket --ftps 10.2.0.2=3000
            end TERM
            grep ftps-unavailable "$dir/socket.log"
            pinhole rules load --ftps 10.2.0.2=3000
            start socket --ftps 10.2.0.2=3000
            end TERM
            grep -c ftps-unavailable "$dir/socket.log" || true
            """
        )
        #expect(
            said == """
                level=error event=ftps-unavailable reason="encrypted sessions get no help: there is no set \
                pinhole4-sessions, pinhole6-sessions" hint="load the rules with: pinhole rules load"
                0

                """
        )
    }

    /// In a mount namespace of its own, with a `/etc` that can be written without harm.
    @Test func `the default configuration file may be missing, and commands find the socket in it`() throws {
        let said = try output(
            #"""
            mkdir "$dir/over"
            unshare --mount bash -euc '
                mount -t tmpfs tmpfs "$0/over"
                mkdir "$0/over/up" "$0/over/work"
                mount -t overlay -o "lowerdir=/etc,upperdir=$0/over/up,workdir=$0/over/work" overlay /etc
                mkdir -p /etc/pinhole
                printf "user = nobody\nsocket = $0/made/socket\nports = 2121\nbackend = iptables\n" >/etc/pinhole/pinhole.conf
                "$1" rules load
                "$2" 2>/dev/null & daemon=$!
                trap "kill $daemon" EXIT
                end=$((SECONDS + 60))
                until "$1" stats >/dev/null 2>&1; do ((SECONDS < end)); done
                "$1" reload
                echo unchanged
                "$1" rules print | grep -c -e "--ctorigdstport 2121 -j PINHOLE"
                rm /etc/pinhole/pinhole.conf
                "$1" reload --socket "$0/made/socket"
            ' "$dir" "$pinhole" "$pinholed"
            """#
        )
        #expect(said == "unchanged\n4\nonly at the next start: socket,state,peer-state,user\n")
    }

    @Test func `a daemon that may not change its user says so and leaves only the state behind`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            fails setpriv --bounding-set -setuid "$pinholed" --socket "$dir/made/socket" --user nobody
            ls "$dir/made"
            """
        )
        #expect(
            said == """
                pinholed: become the user nobody: Operation not permitted: start it as root, or as the user that it \
                should run as (1)
                socket.state
                socket.state.rejected

                """
        )
    }

    @Test func `a user other than root with the capabilities keeps its identity`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            chmod 711 "$dir"
            install -d -o 65534 "$dir/made"
            # It may not be able to look into the folder in which the program was built.
            install -m 755 "$pinholed" "$dir/pinholed"
            setpriv --reuid=65534 --regid=65534 --clear-groups \
                --inh-caps=+net_admin,+net_raw --ambient-caps=+net_admin,+net_raw \
                "$dir/pinholed" --socket "$dir/made/socket" 2>"$dir/log" & background+=($!)
            until_ pinhole stats --socket "$dir/made/socket"
            pinhole stats --socket "$dir/made/socket" | grep ^queue
            grep -E '^(Uid|CapPrm|CapEff|NoNewPrivs|Seccomp):' "/proc/$background/status"
            end TERM
            grep -c unconfined "$dir/log" || true
            """
        )
        #expect(
            said == """
                queue.waiting               null
                queue.dropped               null
                Uid:\t65534\t65534\t65534\t65534
                CapPrm:\t0000000000001000
                CapEff:\t0000000000001000
                NoNewPrivs:\t1
                Seccomp:\t2
                0

                """
        )
    }

    @Test func `a set of another type is named`() throws {
        let said = try output(
            """
            ipset create pinhole4 hash:ip
            fails pinholed --socket "$dir/made/socket"
            """
        )
        #expect(
            said == """
                pinholed: look up set pinhole4: the set is of another type: destroy it, then load the rules with: \
                pinhole rules load (1)

                """
        )
    }

    @Test(arguments: ["net_admin", "net_raw"])
    func `without a capability the daemon does not start`(_ capability: String) throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            fails setpriv --bounding-set "-\(capability)" "$pinholed" --socket "$dir/made/socket"
            ls "$dir" | grep -v -e bin -e fails || true
            """
        )
        #expect(
            said == """
                pinholed: no permission to change the network: run it as root, or with CAP_NET_ADMIN and \
                CAP_NET_RAW (1)

                """
        )
    }

    @Test(arguments: [("21,7", 21), ("7,20", 20)])
    func `the owner of a queue in use is named, and nothing is left behind`(_ queues: String, _ taken: Int)
        throws
    {
        let said = try output(
            """
            pinhole rules load --backend iptables
            start first
            ipset add pinhole4 10.1.0.2,tcp:5001,10.2.0.2
            fails pinholed --socket "$dir/made/socket" --queues \(queues)
            ls "$dir" | grep -v -e bin -e fails
            ipset list pinhole4 | grep -c tcp:5001
            """
        )
        #expect(
            said == """
                pinholed: another process has queue \(taken): stop it, or choose other queues in the \
                configuration (1)
                first
                first.log
                first.state
                first.state.rejected
                1

                """
        )
    }

    @Test(arguments: [
        (["--frob"], "unknown option '--frob': see pinholed --help"),
        (["run"], "unexpected operand 'run': see pinholed --help"),
        (
            ["--ftps-mark", "0x1000"],
            "option --ftps-mark was renamed to --bypass-mark: use --bypass-mark with the same value"
        ),
        (["--timeout", "0"], "--timeout: 0 is out of range: give a number from 1 to 2147483"),
        (
            ["--max-connections", "0"],
            "--max-connections: 0 is out of range: give a number from 1 to 1000000"
        ),
        (
            ["--log-level", "loud"],
            "--log-level: 'loud' is not one of its values: give error, warning, info or debug"
        ),
    ])
    func `a wrong command line is reported in one line with status 64`(
        _ options: [String],
        _ complaint: String
    ) throws {
        let child = try Program.script("pinholed " + options.joined(separator: " "))
        #expect(child.status == 64)
        #expect(child.errors == "pinholed: \(complaint)\n")
    }

    @Test func `the daemon prints its version, and its help has each option`() throws {
        let version = try ChildProcess.run(Program.daemon, ["--version"])
        #expect(version.output == "pinholed \(Commands.Program.version)\n")
        let help = try ChildProcess.run(Program.daemon, ["--help"])
        #expect(help.status == 0)
        #expect(help.output.hasPrefix("usage: pinholed "))
        for option in Pinholed.options + [.help] {
            #expect(help.output.contains("  \(option.usage) "), "\(option.name)")
        }
        for line in help.output.split(separator: "\n") { #expect(line.count <= Help.width, "\(line)") }
    }
}
