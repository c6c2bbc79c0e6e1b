# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalive.py SERVER DIALLED SENT READ SERVER_SENT CLIENT_READ: an idle connection stays alive behind edits.

The first two words are a PORT's argument as it is sent and as it is read, the other two a 227's numbers likewise. Both
ends give up after two probes in a row without an answer. Says `done`.
"""

import socket
import sys
import time

from ends import connect, counter, log_in, read, say

server_address, dialled, *texts = sys.argv[1:]
sent, received, passive_sent, passive_received = (text.encode() for text in texts)


def outlast_probes(count=4):
    """Waits until both hosts have sent so many probes, by when a connection with unanswered probes is gone."""
    before = {host: counter(host, "TCPKeepAlive") for host in ("client", "server")}
    deadline = time.monotonic() + 30
    while any(counter(host, "TCPKeepAlive") < before[host] + count for host in before):
        for end in (client, server):
            error = end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise SystemExit(f"the connection broke: {error}")
        if time.monotonic() > deadline:
            raise SystemExit("no probes were sent")
        time.sleep(0.05)


client, server = connect(server_address, dialled)
log_in(client, server)
say(client, server, b"PORT " + sent + b"\r\n", reads=b"PORT " + received + b"\r\n")
say(server, client, b"200 announced\r\n")
say(client, server, b"PASV\r\n")
say(server, client, b"227 (" + passive_sent + b")\r\n", reads=b"227 (" + passive_received + b")\r\n")
for end in (client, server):
    end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)

outlast_probes()
say(client, server, b"NOOP\r\n")
say(server, client, b"200 still here\r\n")

# In the middle of an address: the withheld bytes come with the rest.
client.sendall(b"PORT " + sent[:4])
read(server, b"PORT ")
outlast_probes()
client.sendall(sent[4:] + b"\r\n")
read(server, received + b"\r\n")
say(server, client, b"200 announced\r\n")
print("done")
