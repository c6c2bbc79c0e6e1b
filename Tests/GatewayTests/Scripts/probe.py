"""probe.py ADDRESS PORT: tries one TCP connection and says `connected`, `refused` or `dropped`."""

import socket
import sys

try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1.5).close()
    print("connected")
except ConnectionRefusedError:
    print("refused")
except TimeoutError:
    print("dropped")
