# SPDX-License-Identifier: GPL-2.0-or-later
"""Goes on with a request for ever, and says whether it was cut off after some ten seconds."""

import socket
import time

stream = socket.create_connection(("127.0.0.1", 9421))
begin = time.monotonic()
try:
    stream.sendall(b"GET /metrics HTTP/1.1\r\n")
    while time.monotonic() < begin + 30:
        stream.sendall(b"X")
        time.sleep(0.1)
except OSError:
    pass
print(9 < time.monotonic() - begin < 15)
