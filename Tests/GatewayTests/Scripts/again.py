# SPDX-License-Identifier: GPL-2.0-or-later
"""again.py SERVER DIALLED SENT READ LOSES: two connections with the same addresses and ports, the first of which is no FTP.

On the second the client announces SENT, which has to come as READ. If LOSES is `yes` the gateway never hears of the end of the
first one, else an RST ends it. Says `done`.
"""

import socket
import struct
import subprocess
import sys

from ends import inside, log_in, say

server_address, dialled, sent, read, loses = sys.argv[1:]
RESETS = ["PREROUTING", "-p", "tcp", "--tcp-flags", "RST", "RST", "-j", "DROP"]
with inside("server"):
    listener = socket.create_server((server_address, 21))
listener.settimeout(30)


def change(verb):
    """Adds or deletes the rule that lets no RST come by."""
    subprocess.run(["ip", "netns", "exec", "gateway", "iptables", "-t", "raw", verb, *RESETS], check=True)


def connect():
    with inside("client"):
        client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    client.bind(("", 40112))
    client.settimeout(30)
    client.connect((dialled, 21))
    server, _ = listener.accept()
    server.settimeout(30)
    return client, server


first = connect()
say(first[0], first[1], b"SSH-2.0-OpenSSH_9.2\r\n")
say(first[1], first[0], b"SSH-2.0-OpenSSH_9.2\r\n")
say(first[0], first[1], b"x" * 1000)
if loses == "yes":
    change("-A")
for end in first:
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()
if loses == "yes":
    change("-D")

client, server = connect()
log_in(client, server)
say(client, server, sent.encode() + b"\r\n", read.encode() + b"\r\n")
print("done")
