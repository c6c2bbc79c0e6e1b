# SPDX-License-Identifier: GPL-2.0-or-later
"""cutclient.py ADDRESS PORT MODE HOW COUNT PAYLOAD: transfers by a client that writes its commands in pieces.

HOW is what `Cutter` takes. Ports have three digits in each half, so that every announcement is equally long. PAYLOAD is
the local copy of `pub/payload`. Says `done COUNT` when every transfer brought the file.
"""

import sys

from client import Client
from pieces import Cutter

# One range for each active mode: a server may not connect twice from port 20 to the same port in a minute.
FIRST_PORTS = {"PORT": 160 << 8 | 100, "EPRT": 160 << 8 | 180}


class CutClient(Client):
    def __init__(self, how, *arguments):
        self.cutter = Cutter(how)
        super().__init__(*arguments)

    def putline(self, line):
        self.cutter.send(self.sock, line.encode("latin-1") + b"\r\n")


address, port, mode, how, count, payload = sys.argv[1:]
with open(payload, "rb") as file:
    expected = file.read()

session = CutClient(how, address, int(port), mode)
for number in range(int(count)):
    session.choose(mode, port=FIRST_PORTS.get(mode, 0) + number)
    if session.read("pub/payload") != expected:
        sys.exit(f"transfer {number}: the file came wrong")
session.quit()
print(f"done {count}", flush=True)
