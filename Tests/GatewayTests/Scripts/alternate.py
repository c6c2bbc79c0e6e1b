# SPDX-License-Identifier: GPL-2.0-or-later
"""alternate.py ADDRESS PORT ACTIVE PASSIVE COUNT PAYLOAD: transfers in a row on one control connection.

Turns alternate between the two modes. An active turn uploads, to the same client port every time, so that the
client closes first and the tuple of the turn before is still in TIME_WAIT; a passive turn downloads. PAYLOAD is the
local copy of `pub/payload`. Says `logged in`, waits for a line on standard input, and says `done COUNT` at the end.
"""

import io
import sys

from client import Client

address, port, active, passive, count, payload = sys.argv[1:]
with open(payload, "rb") as file:
    expected = file.read()

session = Client(address, int(port))
print("logged in", flush=True)
sys.stdin.readline()

for turn in range(int(count)):
    if turn % 2 == 0:
        session.choose(active, port=5001)
        session.storbinary(f"STOR incoming/{session.sock.getsockname()[1]}-{turn}", io.BytesIO(expected))
    else:
        session.choose(passive)
        if session.read("pub/payload") != expected:
            sys.exit(f"turn {turn}: the file came wrong")
    print(f"turn {turn}", flush=True)

session.quit()
print(f"done {count}", flush=True)
