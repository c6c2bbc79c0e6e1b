# SPDX-License-Identifier: GPL-2.0-or-later
"""mtu.py SERVER DIALLED PORT END SENT READ TIMES SIZE: edits, and then more than a packet carries on some link.

END, `client` or `server`, announces SENT so many times, which has to come as READ, and then says SIZE bytes in one line. Says
`done` if they come, else how many of them have come.
"""

import sys

from ends import connect, log_in, say

server_address, dialled, port, end, sent, read, times, size = sys.argv[1:]
client, server = connect(server_address, dialled, int(port))
log_in(client, server)
for _ in range(int(times)):
    if end == "server":
        say(client, server, b"PASV\r\n")
        say(server, client, sent.encode() + b"\r\n", read.encode() + b"\r\n")
    else:
        say(client, server, sent.encode() + b"\r\n", read.encode() + b"\r\n")
        say(server, client, b"200 ok\r\n")

sender, receiver = (server, client) if end == "server" else (client, server)
text = (b"211 " if end == "server" else b"SITE ").ljust(int(size) - 2, b"x") + b"\r\n"
sender.sendall(text)
receiver.settimeout(8)
received = b""
try:
    while len(received) < len(text):
        part = receiver.recv(65536)
        if not part:
            break
        received += part
except TimeoutError:
    pass
print("done" if received == text else f"{len(received)} of {len(text)}")
