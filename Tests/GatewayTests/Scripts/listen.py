# SPDX-License-Identifier: GPL-2.0-or-later
"""listen.py ADDRESS PORT: accepts TCP connections, one after the other, until it is ended."""

import socket
import sys

family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
listener = socket.create_server((sys.argv[1], int(sys.argv[2])), family=family)
print("listening", flush=True)
while True:
    listener.accept()[0].close()
