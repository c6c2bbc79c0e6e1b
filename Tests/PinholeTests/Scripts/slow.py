# SPDX-License-Identifier: GPL-2.0-or-later
"""slow.py COUNT ADDRESS WAY: clients of the exporter that are slow on purpose, each in its way."""

import socket
import sys
import time

count, target, way = int(sys.argv[1]), sys.argv[2], sys.argv[3]
family = socket.AF_INET6 if ":" in target else socket.AF_INET
head = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
said = {
    "silent": b"",
    "headers": head,
    "bytes": head[:1],
    "body": b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n",
    "unread": head + b"\r\n",
}[way.split("-")[0]]
drip = b"X" if way.startswith("bytes") else b"X: a\r\n" if way.startswith("headers") else b"x"


def enter(number):
    stream = socket.socket(family)
    stream.settimeout(5)
    if way == "unread":
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    if way.endswith("-many"):
        stream.bind((f"127.0.{number // 250}.{number % 250 + 2}", 0))
    try:
        stream.connect((target, 9421))
        stream.sendall(said)
    except OSError:
        pass
    return stream


def is_over(stream):
    try:
        if not way.startswith(("silent", "unread")):
            stream.sendall(drip)
        return stream.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


held = [enter(number) for number in range(count)]
print("held", flush=True)
while True:
    time.sleep(0.5)
    for number, stream in enumerate(held):
        if is_over(stream):
            # The next one.
            stream.close()
            held[number] = enter(number)
