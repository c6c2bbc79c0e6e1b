// SPDX-License-Identifier: GPL-2.0-or-later
import Commands
import Linux
import Testing

@testable import pinholed

struct PinholedTests {
    /// Starts a daemon in the background, its log in `$dir/NAME.log`, and waits until it answers at `$dir/NAME`.
    private let start = """
        start() {
            "$pinholed" --user root --socket "$dir/$1" "${@:2}" 2>"$dir/${1//\\//-}.log" & background+=($!)
            until_ pinhole stats --socket "$dir/$1"
        }
        # Ends the only daemon with this signal.
        end() { kill "-$1" "${background[0]}"; wait "${background[0]}"; background=(); }
        # What a command that is to fail says, and its status.
        fails() { local status=0; "$@" >/dev/null 2>"$dir/fails" || status=$?; echo "$(<"$dir/fails") ($status)"; }

        """

    private func output(_ script: String) throws -> String {
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

    @Test func `the socket of a running daemon is not taken over`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            start socket
            fails pinholed --socket "$dir/socket" --queues 7,8 | sed "s|$dir|DIR|"
            pinhole flush --socket "$dir/socket"
            """
        )
        #expect(
            said == """
                pinholed: another daemon listens at DIR/socket: stop it, or choose another path with --socket (1)
                closed 0

                """
        )
    }

    @Test func `the socket of a killed daemon is replaced`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            start socket
            kill -KILL "${background[0]}"; wait "${background[0]}" 2>/dev/null || true; background=()
            test -S "$dir/socket"
            start socket
            pinhole flush --socket "$dir/socket"
            """
        )
        #expect(said == "closed 0\n")
    }

    @Test func `a file in place of the socket stays`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            echo kept >"$dir/file"
            fails pinholed --socket "$dir/file" | sed "s|$dir|DIR|"
            cat "$dir/file"
            """
        )
        #expect(
            said == """
                pinholed: DIR/file is not a socket: remove it, or choose another path with --socket (1)
                kept

                """
        )
    }

    @Test func `members of the sets without a state are removed at the start`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            ipset add pinhole4 10.1.0.2,tcp:5001,10.2.0.2
            ipset add pinhole6 fd01::2,tcp:5001,fd02::2
            start socket
            ipset save | grep ^add || echo none
            """
        )
        #expect(said == "none\n")
    }

    @Test(arguments: [("TERM", 15), ("INT", 2)])
    func `a signal ends the daemon, and no one answers at its socket`(_ signal: String, _ number: Int)
        throws
    {
        let said = try output(
            """
            pinhole rules load --backend iptables
            start made/socket
            end \(signal)
            fails pinhole stats --socket "$dir/made/socket" | sed "s|$dir|DIR|"
            sed "s|$dir|DIR|" "$dir/made-socket.log"
            """
        )
        #expect(
            said == """
                pinhole: no daemon answers at DIR/made/socket: start it with pinholed (1)
                level=info event=started control-queue=21 data-queue=20 session-queue=22 socket=DIR/made/socket
                level=info event=stopped signal=\(number)

                """
        )
    }

    @Test func `the service manager is notified of start and stop`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            export NOTIFY_SOCKET="@$dir"
            /usr/bin/python3 -u -c '
            import socket, sys
            manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            manager.bind("\\0" + sys.argv[1])
            print(flush=True)
            for _ in range(4): print(manager.recv(100).decode())
            ' "$dir" >"$dir/told" & manager=$!
            until_ test -s "$dir/told"
            start socket
            until_ grep -q READY "$dir/told"
            cat "$dir/told"
            end TERM
            wait $manager
            tail -n 1 "$dir/told"
            """
        )
        #expect(
            said == """

                FDSTORE=1
                FDNAME=queue-21
                FDSTORE=1
                FDNAME=queue-20
                READY=1
                STOPPING=1

                """
        )
    }

    /// Writes the notifications for the service manager to `$dir/told`.
    private let listen = """
        export NOTIFY_SOCKET="@$dir"
        /usr/bin/python3 -B -u "$scripts/manager.py" "$dir" >"$dir/told" & background+=($!)
        until_ test -s "$dir/told"
        # Ends the daemon that was started last.
        end_last() { kill "${background[-1]}"; wait "${background[-1]}" || true; unset 'background[-1]'; }
        signs() { grep -c WATCHDOG=1 "$dir/told" || true; }

        """

    @Test func `a service manager with a watchdog is pinged repeatedly`() throws {
        let said = try output(
            listen + """
                pinhole rules load --backend iptables
                WATCHDOG_USEC=200000 start socket
                more() { (($(signs) >= 5)); }
                until_ more
                end_last
                until_ grep -q STOPPING "$dir/told"
                grep -v FD "$dir/told" | uniq
                """
        )
        #expect(said == "\nREADY=1\nWATCHDOG=1\nSTOPPING=1\n")
    }

    @Test(arguments: ["WATCHDOG_PID=1 WATCHDOG_USEC=1000", "WATCHDOG_USEC=0", "WATCHDOG_USEC=soon", ""])
    func `without a watchdog for this process only start and stop are notified`(_ environment: String)
        throws
    {
        let said = try output(
            listen + """
                pinhole rules load --backend iptables
                \(environment.isEmpty ? "" : "export \(environment)")
                start socket
                end_last
                until_ grep -q STOPPING "$dir/told"
                grep -v FD "$dir/told"
                """
        )
        #expect(said == "\nREADY=1\nSTOPPING=1\n")
    }

    @Test func `a full log pipe does not block the daemon, and lost lines are counted`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            mkfifo "$dir/log"
            exec 3<>"$dir/log"
            # Fills the pipe, so that nothing more can be written to it without waiting.
            dd if=/dev/zero of="$dir/log" bs=4096 count=1000 oflag=nonblock 2>/dev/null || true
            "$pinholed" --user root --socket "$dir/socket" 2>&3 & background+=($!)
            until_ pinhole stats --socket "$dir/socket"
            pinhole stats --socket "$dir/socket" | grep errors.log
            end TERM
            """
        )
        #expect(said == "errors.log                  1\n")
    }

    @Test func `a log without a reader does not block the daemon`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            # The reader of the pipe ends at once.
            exec 3> >(exec true)
            wait $!
            "$pinholed" --user root --socket "$dir/socket" 2>&3 & background+=($!)
            until_ pinhole stats --socket "$dir/socket"
            pinhole stats --socket "$dir/socket" | grep errors.log
            end TERM
            """
        )
        #expect(said == "errors.log                  1\n")
    }

    @Test func `the log has priorities only where the journal reads it`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            touch "$dir/socket.log"
            export JOURNAL_STREAM=$(stat -c %d:%i "$dir/socket.log")
            start socket
            end TERM
            cut -d' ' -f1 "$dir/socket.log"
            export JOURNAL_STREAM=1:1
            start socket
            end TERM
            cut -d' ' -f1 "$dir/socket.log"
            """
        )
        #expect(said == "<6>level=info\n<6>level=info\nlevel=info\nlevel=info\n")
    }

    @Test(arguments: [
        (
            "head -c 4096 /dev/urandom >\"$dir/socket.state\"; chmod 600 \"$dir/socket.state\"",
            "it is damaged"
        ),
        ("touch \"$dir/socket.state\"; chmod 666 \"$dir/socket.state\"", "Operation not permitted"),
        ("touch \"$dir/socket.state\"; chown 4711 \"$dir/socket.state\"", "Operation not permitted"),
        ("mkfifo \"$dir/socket.state\"", "Operation not permitted"),
        ("ln -s /etc/passwd \"$dir/socket.state\"", "Too many levels of symbolic links"),
    ])
    func `an untrusted state file is moved aside unchanged, with a warning`(
        _ making: String,
        _ reason: String
    ) throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            ipset add pinhole4 10.1.0.2,tcp:5001,10.2.0.2
            \(making)
            before=$(stat -c '%i %s %a %u' "$dir/socket.state")
            start socket
            grep -c 'level=warning event=state-not-trusted .*\(reason)' "$dir/socket.log"
            [[ $(stat -c '%i %s %a %u' "$dir/socket.state.aside") == "$before" ]] && echo "as it was"
            stat -c '%F %a' "$dir/socket.state"
            ipset list pinhole4 | grep -c tcp:5001 || true
            end TERM
            """
        )
        #expect(said == "1\nas it was\nregular file 600\n0\n")
    }

    @Test(arguments: ["TERM", "KILL"])
    func `members of the sets stay for the next daemon`(_ signal: String) throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            start socket
            ipset add pinhole4 10.1.0.2,tcp:5001,10.2.0.2
            end \(signal) 2>/dev/null || true
            ipset list pinhole4 | grep -c tcp:5001
            start socket --state "$dir/socket.state"
            ipset list pinhole4 | grep -c tcp:5001
            end TERM
            """
        )
        #expect(said == "1\n1\n")
    }

    @Test func `without room for the state the daemon does not start and gives a hint`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            fails pinholed --user root --socket "$dir/made/socket" --state /proc/nowhere/state
            ls "$dir" | grep -v -e bin -e fails || true
            """
        )
        #expect(
            said == """
                pinholed: make /proc/nowhere/state.new: No such file or directory: choose another path with --state (1)

                """
        )
    }

    @Test(arguments: [
        "expectations", "connections", "stats", "events", "delete 1", "flush",
    ])
    func `without a daemon a command says how to start one`(_ command: String) throws {
        let said = try output(
            """
            fails pinhole \(command) --socket "$dir/socket" | sed "s|$dir|DIR|"
            """
        )
        #expect(said == "pinhole: no daemon answers at DIR/socket: start it with pinholed (1)\n")
    }

    @Test func `an unknown expectation cannot be deleted`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            start socket
            fails pinhole delete 7 --socket "$dir/socket"
            """
        )
        #expect(said == "pinhole: there is no expectation 7: see pinhole expectations (1)\n")
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
