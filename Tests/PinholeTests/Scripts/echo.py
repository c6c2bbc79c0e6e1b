# SPDX-License-Identifier: GPL-2.0-or-later
"""echo.py PORT: says what each client has said."""

import socket
import sys

server = socket.create_server(("", int(sys.argv[1])))
while True:
    client = server.accept()[0]
    client.sendall(client.recv(100))
    client.close()
