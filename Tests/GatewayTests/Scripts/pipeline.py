# SPDX-License-Identifier: GPL-2.0-or-later
"""pipeline.py ADDRESS PORT_ARGUMENT PAYLOAD: whole sessions, each sent in one segment or two.

PORT_ARGUMENT names the client and port 5001. PAYLOAD is the local copy of `pub/payload`. Says `done`.
"""

import ftplib
import socket
import sys

from pieces import send_pieces

address, argument, payload = sys.argv[1:]
with open(payload, "rb") as file:
    expected = file.read()


class Session:
    def __init__(self):
        self.control = socket.create_connection((address, 21), timeout=30)
        self.lines = self.control.makefile("r", encoding="latin-1", newline="\r\n")

    def send(self, *lines):
        """Sends lines in one segment."""
        send_pieces(self.control, ["".join(line + "\r\n" for line in lines).encode()])

    def reply(self, code):
        """The next reply, which has to have this code."""
        line = self.lines.readline()
        while line[3:4] == "-":
            line = self.lines.readline()
        if not line.startswith(code + " "):
            sys.exit(f"{line!r} came instead of {code}")
        return line.rstrip()

    def replies(self, *codes):
        return [self.reply(code) for code in codes][-1]


def everything(data):
    data.settimeout(30)
    with data:
        parts = iter(lambda: data.recv(65536), b"")
        if b"".join(parts) != expected:
            sys.exit("the file came wrong")


def listen():
    return socket.create_server((argument_host, 5001))


argument_host = ".".join(argument.split(",")[:4])

# All that an active client says once it has been let in, at once.
session = Session()
with listen() as listener:
    listener.settimeout(30)
    session.reply("220")
    session.send("USER anonymous", "PASS guest")
    session.replies("331", "230")
    session.send("TYPE I", "PORT " + argument, "RETR pub/payload", "NOOP", "QUIT")
    everything(listener.accept()[0])
session.replies("200", "200", "150", "226", "200", "221")

# A passive client, which has to have the answer before it can say more; and then both kinds in turns.
session = Session()
session.reply("220")
session.send("USER anonymous", "PASS guest", "TYPE I", "PASV")
passive = session.replies("331", "230", "200", "227")
for _ in range(5):
    data = socket.create_connection(ftplib.parse227(passive), timeout=30)
    session.send("RETR pub/payload", "NOOP")
    everything(data)
    session.replies("150", "226", "200")
    with listen() as listener:
        listener.settimeout(30)
        session.send("NOOP", "PORT " + argument, "RETR pub/payload", "PASV")
        everything(listener.accept()[0])
    passive = session.replies("200", "200", "150", "226", "227")
print("done")
