# SPDX-License-Identifier: GPL-2.0-or-later
"""steady.py ADDRESS PORT PAYLOAD [SOURCE SOURCEPORT]: one control connection, and on it what each line of standard input asks for.

A line is PORT, EPRT, PASV or EPSV for a transfer, else a command that has to succeed. PAYLOAD is the local copy of `pub/payload`. Says `logged in`,
then `done N` after line N; leaves at the end of standard input.
"""

import sys

from client import Client

address, port, payload, *source = sys.argv[1:]
with open(payload, "rb") as file:
    expected = file.read()

session = Client(
    address, int(port), timeout=60, source=source[0] if source else None, source_port=int(source[1]) if source else 0
)
print("logged in", flush=True)
for number, line in enumerate(sys.stdin, 1):
    line = line.strip()
    if line in ("PORT", "EPRT", "PASV", "EPSV"):
        session.choose(line)
        if session.read("pub/payload") != expected:
            sys.exit(f"{number}, {line}: the file came wrong")
    else:
        session.sendcmd(line)
    print(f"done {number}", flush=True)
session.quit()
