# SPDX-License-Identifier: GPL-2.0-or-later
"""stage.py SERVER DIALLED PORT: control connections through the gateway, of which standard input plays both ends.

`dialled` leads to `server`. Each line of standard input is a JSON array:

    ["open", NAME, SOURCE]       a connection from the client's address SOURCE, or from any if that is empty
    ["say", NAME, END, TEXT]     END, `client` or `server`, sends TEXT in one segment
    ["read", NAME, END, TEXT]    END gets just TEXT next
    ["end", NAME, END]           END finds the connection ended
    ["reset", NAME, END]         END finds the connection reset, whatever came before
    ["close", NAME, END]         END closes the connection
    ["abort", NAME, END]         END cuts it off

Says `done N` after line N. What comes otherwise ends the program.
"""

import json
import socket
import struct
import sys

from ends import inside, read

server_address, dialled, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in server_address else socket.AF_INET
with inside("server"):
    listener = socket.create_server((server_address, port), family=family, backlog=1024)
listener.settimeout(30)
ends = {}


def open_connection(name, source):
    with inside("client"):
        client = socket.socket(family)
    if source:
        client.bind((source, 0))
    client.settimeout(30)
    client.connect((dialled, port))
    server, _ = listener.accept()
    for end in (client, server):
        end.settimeout(30)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    ends[name] = {"client": client, "server": server}


def expect_end(end):
    try:
        while part := end.recv(65536):
            raise SystemExit(f"{part!r} came instead of the end")
    except ConnectionResetError:
        pass


def expect_reset(end):
    try:
        while end.recv(65536):
            pass
    except ConnectionResetError:
        return
    raise SystemExit("the end came without a reset")


for number, line in enumerate(sys.stdin, 1):
    verb, name, *rest = json.loads(line)
    if verb == "open":
        open_connection(name, *rest)
    elif verb == "say":
        ends[name][rest[0]].sendall(rest[1].encode("latin-1"))
    elif verb == "reset":
        expect_reset(ends[name][rest[0]])
    elif verb == "read":
        read(ends[name][rest[0]], rest[1].encode("latin-1"))
    elif verb == "end":
        expect_end(ends[name][rest[0]])
    elif verb == "close":
        ends[name][rest[0]].close()
    elif verb == "abort":
        ends[name][rest[0]].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        ends[name][rest[0]].close()
    print(f"done {number}", flush=True)
