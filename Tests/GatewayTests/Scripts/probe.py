# SPDX-License-Identifier: GPL-2.0-or-later
"""probe.py SOURCE ADDRESS PORT...: tries a TCP connection to each port at once, from any address if SOURCE is empty.

Says `connected`, `refused` or `dropped` of each, a line each.
"""

import select
import socket
import sys
import time

source, address, *ports = sys.argv[1:]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
attempts = {}
for port in ports:
    attempt = socket.socket(family)
    attempt.setblocking(False)
    if source:
        attempt.bind((source, 0))
    attempt.connect_ex((address, int(port)))
    attempts[attempt] = "dropped"
waiting = set(attempts)
deadline = time.monotonic() + 2.5
while waiting and (timeout := deadline - time.monotonic()) > 0:
    for attempt in select.select([], waiting, [], timeout)[1]:
        refused = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        attempts[attempt] = "refused" if refused else "connected"
        waiting.remove(attempt)
print(*attempts.values(), sep="\n")
