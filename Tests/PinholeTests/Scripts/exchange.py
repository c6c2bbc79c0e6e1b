# SPDX-License-Identifier: GPL-2.0-or-later
"""exchange.py ADDRESS PORT SOURCE-PORT: connects, and exchanges a line."""

import socket
import sys

client = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5, ("", int(sys.argv[3])))
client.sendall(b"hello")
assert client.recv(100) == b"hello" and client.recv(100) == b""
