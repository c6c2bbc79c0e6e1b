# SPDX-License-Identifier: GPL-2.0-or-later
"""passwords.py SERVER DIALLED PORT_ARGUMENT PASSWORD...: logs in again and again, each time in another way.

SERVER, on the server's host, is what DIALLED leads to; PORT_ARGUMENT names the client. There are to be as many passwords
as `ways` below. Says `done` when the last connection has ended.
"""

import socket
import struct
import subprocess
import sys

from ends import connect, log_in, read, say

server, dialled, argument, *passwords = sys.argv[1:]


def plain(client, daemon, password):
    say(client, daemon, b"USER somebody\r\n")
    say(daemon, client, b"331 password\r\n")
    say(client, daemon, b"PASS %s\r\n" % password)
    say(daemon, client, b"230 logged in\r\n")


def again(client, daemon, password):
    """When lines were rewritten before, so that every packet is."""
    log_in(client, daemon)
    line = b"PORT %s,19,137\r\n" % argument.encode()
    client.sendall(line)
    daemon.recv(4096)
    say(daemon, client, b"200 fine\r\n")
    plain(client, daemon, password)


def by_bytes(client, daemon, password):
    for byte in b"USER somebody\r\nPASS %s\r\n" % password:
        say(client, daemon, bytes([byte]))
    say(daemon, client, b"331 password\r\n230 logged in\r\n")


def at_once(client, daemon, password):
    """Among as much as is kept."""
    say(client, daemon, b"USER somebody\r\nPASS %s\r\n" % password + b"NOOP\r\n" * 1500)
    say(daemon, client, b"331 password\r\n230 logged in\r\n")


def beyond_measure(client, daemon, password):
    say(client, daemon, b"USER somebody\r\n")
    say(client, daemon, b"PASS " + b"x" * 3000)
    say(client, daemon, password * 100)
    say(client, daemon, b"\r\n")
    say(daemon, client, b"500 too long\r\n")


def overtaken(client, daemon, password):
    """The end of the line comes before its beginning."""
    say(client, daemon, b"USER somebody\r\n")
    rule = "OUTPUT -p tcp --dport 21 -j DROP".split()
    firewall = "ip netns exec client iptables -w".split()
    subprocess.run([*firewall, "-I", *rule], check=True)
    client.sendall(b"PASS " + password[:12])
    subprocess.run([*firewall, "-D", *rule], check=True)
    client.sendall(password[12:] + b"\r\n")
    read(daemon, b"PASS %s\r\n" % password)
    say(daemon, client, b"230 logged in\r\n")


def unfinished(client, daemon, password):
    say(client, daemon, b"USER somebody\r\n")
    say(client, daemon, b"PASS %s" % password)


def misplaced(client, daemon, password):
    """As the name of the user at first, which is no secret, and so is not looked for; then where no command is expected."""
    log_in(client, daemon)
    say(client, daemon, b"ACCT %s\r\nACCT\r\npass \t%s\r\n" % (password, password))
    say(daemon, client, b"530 no\r\n")


ways = [plain, again, by_bytes, at_once, beyond_measure, overtaken, unfinished, misplaced]
for way, password in zip(ways, passwords, strict=True):
    client, daemon = connect(server, dialled)
    say(daemon, client, b"220 ready\r\n") if way not in (again, misplaced) else None
    way(client, daemon, password.encode())
    # With a RST, and nothing more is said.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    daemon.close()
print("done")
