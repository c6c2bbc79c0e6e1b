# SPDX-License-Identifier: GPL-2.0-or-later
"""loop.py ADDRESS PORT MODES COUNT EVERY PAYLOAD: COUNT announcements on one control connection.

The modes, separated by commas, take turns. Every EVERY-th announcement is followed by its transfer, the others by a
NOOP. PAYLOAD is the local copy of `pub/payload`. Says `done COUNT` when every transfer brought the file.
"""

import sys

from client import Client

address, port, modes, count, every, payload = sys.argv[1:]
modes = modes.split(",")
with open(payload, "rb") as file:
    expected = file.read()

# After a loss in the handshake, retransmissions of the greeting begin at three seconds and double (RFC 6298, 5.7).
session = Client(address, int(port), timeout=100)
for number in range(1, int(count) + 1):
    session.choose(modes[number % len(modes)])
    if number % int(every) == 0:
        if session.read("pub/payload") != expected:
            sys.exit(f"transfer {number}: the file came wrong")
        continue
    if session.passiveserver:
        host, _ = session.makepasv()
        if host != session.sock.getpeername()[0]:
            sys.exit(f"announcement {number}: {host} is not where the server is")
    else:
        session.makeport().close()
    session.voidcmd("NOOP")
session.quit()
print(f"done {count}", flush=True)
