# SPDX-License-Identifier: GPL-2.0-or-later
"""retain.py ADDRESS PORT COUNT: so many TCP connections one after the other, all of them kept.

Says how each went, `connected` or `dropped`, a line each, and keeps them until its standard input ends.
"""

import socket
import sys

address, port, count = sys.argv[1:]
kept = []
for _ in range(int(count)):
    try:
        kept.append(socket.create_connection((address, int(port)), timeout=1.5))
        print("connected", flush=True)
    except TimeoutError:
        print("dropped", flush=True)
print("done", flush=True)
sys.stdin.read()
