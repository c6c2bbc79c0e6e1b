# SPDX-License-Identifier: GPL-2.0-or-later
"""abort.py ADDRESS PAYLOAD: ends transfers of `pub/large` with an urgent ABOR, and transfers `pub/payload` in between.

PAYLOAD is the local copy of `pub/payload`. Says `done`.
"""

import socket
import sys

from client import Client

address, payload = sys.argv[1:]
with open(payload, "rb") as file:
    expected = file.read()

session = Client(address, 21)
for mode in ("PORT", "PASV", "EPRT", "EPSV") * 2:
    session.choose(mode)
    with session.transfercmd("RETR pub/large") as data:
        data.recv(65536)
        # Telnet's Synch: IAC IP IAC, the last one urgent, then DM.
        session.sock.send(b"\xff\xf4\xff", socket.MSG_OOB)
        session.sock.sendall(b"\xf2ABOR\r\n")
        replies = [session.getmultiline()[:3]]
    replies.append(session.getmultiline()[:3])
    if replies != ["426", "226"]:
        sys.exit(f"{mode}: {replies} to ABOR")
    if session.read("pub/payload") != expected:
        sys.exit(f"{mode}: the file came wrong")
session.quit()
print("done")
