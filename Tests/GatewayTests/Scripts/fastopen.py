# SPDX-License-Identifier: GPL-2.0-or-later
"""fastopen.py ADDRESS MODES PAYLOAD: a session whose first command travels in the SYN (TCP fast open), and a transfer with each mode.

The modes are separated by commas; PAYLOAD is the local copy of `pub/payload`. Says `done` when every transfer brought the file.
"""

import socket
import sys

from client import Client

address, modes, payload = sys.argv[1:]
MSG_FASTOPEN, TCP_FASTOPEN_NO_COOKIE = 0x20000000, 34
with open(payload, "rb") as file:
    expected = file.read()


class HastyClient(Client):
    """Names its user before the server has said a word."""

    def connect(self, host, port):
        self.af = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(self.af)
        self.sock.settimeout(self.timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1)
        self.sock.sendto(b"USER anonymous\r\n", MSG_FASTOPEN, (host, port))
        self.host = host
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()

    def login(self):
        if not self.getresp().startswith("331"):
            sys.exit("the server did not ask for a password")
        self.sendcmd("PASS guest")


session = HastyClient(address, 21)
for mode in filter(None, modes.split(",")):
    session.choose(mode)
    if session.read("pub/payload") != expected:
        sys.exit(f"{mode}: the file came wrong")
session.quit()
print("done")
