# SPDX-License-Identifier: GPL-2.0-or-later
"""manager.py NAME: prints what a service manager with this abstract socket is told."""

import socket
import sys

manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind("\0" + sys.argv[1])
print(flush=True)
while True:
    print(manager.recv(100).decode())
