# SPDX-License-Identifier: GPL-2.0-or-later
"""tell.py PATH: tells the daemon at a control socket that the rules were repaired, and prints its answer."""

import socket
import sys

with socket.socket(socket.AF_UNIX) as daemon:
    daemon.connect(sys.argv[1])
    daemon.sendall(b"rules repaired\n")
    print(daemon.recv(100).decode())
