// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import Testing

/// What `--check-config` says.
struct CheckConfigTests {
    @Test func `--check-config reports errors of the named file or the default one`() throws {
        let child = try Program.script(
            """
            printf 'timeout = 0\\nloose = 1\\n' >"$dir/conf"
            pinholed --check-config --config "$dir/conf" 2>&1 | sed "s|$dir|DIR|" || true
            pinholed --check-config --config "$dir/none" 2>&1 | sed "s|$dir|DIR|" || true
            printf 'timeout = 5\\n' >"$dir/conf"
            pinholed --check-config --config "$dir/conf" && echo right
            printf '[server ::/0]\\nftps-ports = 1024-65535\\n' >"$dir/conf"
            pinholed --check-config --config "$dir/conf" 2>&1 && echo right, too
            """
        )
        #expect(child.errors == "")
        #expect(
            child.output == """
                pinholed: DIR/conf:1: timeout: 0 is out of range: give a number from 1 to 2147483
                pinholed: DIR/conf:2: loose: '1' is neither yes, no nor an address: write yes, no, or addresses with commas between them
                pinholed: open DIR/none: No such file or directory: create the file, or name another one with --config
                right
                pinholed: warning: [server ::/0] with ftps-ports 1024-65535: clients reach nearly every port of any such host that speaks TLS: name the servers, and the ports that they have for data
                right, too

                """
        )
    }

    @Test func `a file that cannot be read is reported with a hint`() throws {
        let child = try Program.script(
            """
            for path in "$dir" "$dir/none"; do
                pinholed --check-config --config "$path" 2>&1 | sed "s|$dir|DIR|" || true
            done
            """
        )
        #expect(
            child.output == """
                pinholed: read DIR: Is a directory: give the path of a file with --config
                pinholed: open DIR/none: No such file or directory: create the file, or name another one with --config

                """
        )
    }
}
