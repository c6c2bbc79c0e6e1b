# SPDX-License-Identifier: GPL-2.0-or-later
"""idle.py SERVER COUNT: so many control connections to SERVER, one after another, of which no end ever says anything.

Neither end keeps its sockets: what they send when those close has to be dropped by their hosts. So only the gateway has
the connections. Says `opened COUNT`.
"""

import socket
import struct
import sys

from ends import inside

server, count = sys.argv[1], int(sys.argv[2])
FIRST, PORTS = 1024, 60000
AT_ONCE = 256
RESET = struct.pack("ii", 1, 0)  # struct linger: closing sends RST

with inside("server"):
    listener = socket.create_server((server, 21), backlog=AT_ONCE)
listener.settimeout(20)
for first in range(0, count, AT_ONCE):
    numbers = range(first, min(first + AT_ONCE, count))
    with inside("client"):
        ends = [socket.socket() for _ in numbers]
    for end, number in zip(ends, numbers):
        end.bind((f"10.1.0.{10 + number // PORTS}", FIRST + number % PORTS))
        end.setblocking(False)
        end.connect_ex((server, 21))
    for _ in list(ends):
        ends.append(listener.accept()[0])
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        end.close()
print(f"opened {count}", flush=True)
