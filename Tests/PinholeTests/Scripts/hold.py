# SPDX-License-Identifier: GPL-2.0-or-later
"""hold.py SOCKET USER REQUEST MARKER: has as many connections to the daemon as it lets in, of that user."""

import os
import socket
import sys
import time

path, user, request = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
marker = open(sys.argv[4], "w")
os.setgroups([65534])
os.setresgid(65534, 65534, 65534)
os.setresuid(user, user, user)
held = []
for _ in range(100):
    stream = socket.socket(socket.AF_UNIX)
    stream.connect(path)
    held.append(stream)
    try:
        stream.sendall(request)
    except OSError:
        pass
    # The daemon has time to decide, so that one that is not let in takes the place of none that would be.
    time.sleep(0.005)
marker.write("held")
marker.close()
time.sleep(60)
