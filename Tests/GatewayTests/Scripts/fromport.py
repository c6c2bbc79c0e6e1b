# SPDX-License-Identifier: GPL-2.0-or-later
"""fromport.py SERVER PORT SOURCE-PORT: a connection from a given port, which goes on after conntrack has forgotten it.

The client is the first to say something then. Says `done`.
"""

import socket
import subprocess
import sys

from ends import inside, say

server_address, port, source_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with inside("server"):
    listener = socket.create_server((server_address, port))
with inside("client"):
    client = socket.socket()
client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
client.bind(("", source_port))
client.settimeout(30)
client.connect((server_address, port))
server, _ = listener.accept()
server.settimeout(30)
for _ in range(20):
    say(client, server, b"USER anonymous\r\n")
    say(server, client, b"230 logged in\r\n")
subprocess.run(["ip", "netns", "exec", "gateway", "conntrack", "-F"], check=True, capture_output=True)
for _ in range(20):
    say(client, server, b"PASV\r\n")
    say(server, client, b"227 ok (0,0,0,0,19,137)\r\n")
print("done")
