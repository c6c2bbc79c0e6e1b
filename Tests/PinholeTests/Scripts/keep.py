# SPDX-License-Identifier: GPL-2.0-or-later
"""keep.py PROGRAM...: runs it as systemd does with raw sockets that it has kept."""

import os
import socket
import sys

families = socket.AF_INET, socket.AF_INET6
kept = [socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) for family in families]
moved = [os.dup2(raw.fileno(), 100 + index) for index, raw in enumerate(kept)]
for index, number in enumerate(moved):
    os.dup2(number, 3 + index)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="raw-ipv4:raw-ipv6")
os.execvp(sys.argv[1], sys.argv[1:])
