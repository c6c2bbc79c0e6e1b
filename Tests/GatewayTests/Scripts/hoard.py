# SPDX-License-Identifier: GPL-2.0-or-later
"""hoard.py SERVER CLIENT COUNT: so many sessions that have logged in, all from one address. Says `holding`, and holds them."""

import socket
import sys

from ends import inside, log_in

server, client, count = sys.argv[1], sys.argv[2], int(sys.argv[3])

with inside("server"):
    listener = socket.create_server((server, 21), backlog=count)
listener.settimeout(30)
ends = []
for _ in range(count):
    with inside("client"):
        own = socket.socket()
    own.settimeout(30)
    own.bind((client, 0))
    own.connect((server, 21))
    other, _ = listener.accept()
    other.settimeout(30)
    log_in(own, other)
    ends += [own, other]
print("holding", flush=True)
sys.stdin.read()
