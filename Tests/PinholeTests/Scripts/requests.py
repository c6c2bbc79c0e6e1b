# SPDX-License-Identifier: GPL-2.0-or-later
"""requests.py SOCKET FILE: takes requests in the daemon's place, and writes each into the file."""

import os
import socket
import sys

server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
while True:
    client = server.accept()[0]
    with client, open(sys.argv[2], "a") as file:
        request = client.makefile().readline()
        print(request.strip(), file=file, flush=True)
        client.sendall(b"ok\n")
