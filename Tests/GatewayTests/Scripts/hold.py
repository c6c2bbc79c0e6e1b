# SPDX-License-Identifier: GPL-2.0-or-later
"""hold.py PATH COUNT: opens so many event watchers at a control socket, which never read. Prints `watching`."""

import socket
import sys

watchers = []
for _ in range(int(sys.argv[2])):
    watcher = socket.socket(socket.AF_UNIX)
    watcher.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    watcher.connect(sys.argv[1])
    watcher.sendall(b"events json\n")
    watchers.append(watcher)
for watcher in watchers:
    if watcher.recv(3) != b"ok\n":
        sys.exit("no events")
print("watching", flush=True)
sys.stdin.read()
