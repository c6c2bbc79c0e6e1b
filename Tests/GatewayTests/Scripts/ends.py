# SPDX-License-Identifier: GPL-2.0-or-later
"""Both ends of a control connection through the gateway in one process, for the scripts beside it."""

import contextlib
import ctypes
import os
import socket

libc = ctypes.CDLL(None, use_errno=True)


def set_namespace(path):
    with open(path, encoding="ascii") as file:
        if libc.setns(file.fileno(), 0x40000000):  # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), "setns " + path)


@contextlib.contextmanager
def inside(host):
    """Enters the network namespace of a host; sockets opened there stay in it."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    set_namespace("/run/netns/" + host)
    try:
        yield
    finally:
        set_namespace(f"/proc/self/fd/{home}")
        os.close(home)


def counter(host, name):
    """A counter of a host, as `/proc/net/netstat` has it."""
    with inside(host), open("/proc/thread-self/net/netstat", encoding="ascii") as file:
        lines = [line.split() for line in file]
    for names, values in zip(lines[::2], lines[1::2]):
        if name in names:
            return int(values[names.index(name)])
    raise KeyError(name)


def connect(server, dialled, port=21, receive_buffer=None):
    """A connection from the client's host to `dialled`, which leads to `server`: (the client's end, the server's end)."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with inside("server"):
        listener = socket.socket(family)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        listener.bind((server, port))
        listener.listen()
        listener.settimeout(30)
        with inside("client"):
            client = socket.socket(family)
        client.settimeout(30)
        client.connect((dialled, port))
        accepted, _ = listener.accept()
    for end in (client, accepted):
        end.settimeout(30)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client, accepted


def read(end, text):
    """Reads just that text; anything else ends the program."""
    received = b""
    while len(received) < len(text) and text.startswith(received):
        part = end.recv(len(text) - len(received))
        if not part:
            break
        received += part
    if received != text:
        raise SystemExit(f"{received!r} came instead of {text!r}")


def say(sender, receiver, text, reads=None):
    """Sends a text in one segment and waits until it has come, or instead of it `reads`."""
    sender.sendall(text)
    read(receiver, reads or text)


def log_in(client, server):
    """The login before every announcement."""
    say(server, client, b"220 ready\r\n")
    say(client, server, b"USER anonymous\r\n")
    say(server, client, b"331 password\r\n")
    say(client, server, b"PASS guest\r\n")
    say(server, client, b"230 logged in\r\n")
