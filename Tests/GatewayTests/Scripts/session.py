# SPDX-License-Identifier: GPL-2.0-or-later
"""session.py ADDRESS PORT: an FTP control connection by hand.

Each line of standard input is sent as it stands, with CRLF; each line from the server is printed. The end of
standard input ends the connection.
"""

import socket
import sys
import threading

connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=30)
connection.settimeout(None)


def show():
    for line in connection.makefile("r", encoding="latin-1", newline="\r\n"):
        print(line.rstrip("\r\n"), flush=True)


threading.Thread(target=show, daemon=True).start()
for line in sys.stdin:
    connection.sendall(line.rstrip("\n").encode("latin-1") + b"\r\n")
connection.shutdown(socket.SHUT_RDWR)
