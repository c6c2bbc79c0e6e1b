# SPDX-License-Identifier: GPL-2.0-or-later
"""serve.py ADDRESS PORT...: accepts TCP connections to these ports, and ends each when its other end does. Says `listening`."""

import selectors
import socket
import sys

ready = selectors.DefaultSelector()
for port in sys.argv[2:]:
    family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
    listener = socket.create_server((sys.argv[1], int(port)), family=family, backlog=128)
    ready.register(listener, selectors.EVENT_READ, listener)
print("listening", flush=True)
while True:
    for key, _ in ready.select():
        if key.data:
            ready.register(key.data.accept()[0], selectors.EVENT_READ)
            continue
        try:
            if key.fileobj.recv(65536):
                continue
        except ConnectionError:
            pass
        ready.unregister(key.fileobj)
        key.fileobj.close()
