# SPDX-License-Identifier: GPL-2.0-or-later
"""besiege.py PATH COUNT: opens so many connections to a control socket, none with a sensible request.

Hundreds are open at a time. Says `begun` when they are, `made COUNT` when all have been made, and then keeps the last
ones open until the end of standard input.
"""

import collections
import os
import random
import resource
import select
import socket
import sys

path, count = sys.argv[1], int(sys.argv[2])
OPEN = 500
resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN + 100, OPEN + 100))
chance = random.Random(1)

# The request, and whether the answer is read. The others are invalid, incomplete, or their answers are never read.
sayings = [
    (b"", False),
    (b"\n", True),
    (b"stats", False),
    (b"stats json", False),
    (b"stats json\n", True),
    (b"connections json\n", True),
    (b"connections text\n", False),
    (b"expectations json\nflush\n", True),
    (b"events json\n", False),
    (b"events text\n", False),
    (b"delete 99999999999999999999999\n", True),
    (b"delete -1\n", True),
    (b"flush\0\n", True),
    (b"x" * 100000, False),
    (b"\xff\xfe\0\r\n", True),
    (b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n", True),
    None,  # random bytes
]


def besieger():
    end = socket.socket(socket.AF_UNIX)
    end.setblocking(False)
    try:
        end.connect(path)
    except BlockingIOError:
        # Its backlog is full, which is the daemon's good right.
        end.close()
        return None
    said, reads = chance.choice(sayings) or (chance.randbytes(chance.randrange(1, 200)), True)
    try:
        end.send(said)
        if chance.random() < 0.3:
            end.shutdown(socket.SHUT_WR)
        if reads:
            end.recv(100)
    except (BlockingIOError, BrokenPipeError, ConnectionResetError):
        pass
    return end


ends = collections.deque()
made = 0
while made < count:
    end = besieger()
    if end is None:
        select.select([], [], [], 0.001)
        continue
    made += 1
    ends.append(end)
    if len(ends) == OPEN:
        print("begun", flush=True)
    if len(ends) >= OPEN:
        ends.popleft().close()
print("made", made, flush=True)
sys.stdin.read()
