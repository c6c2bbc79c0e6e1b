# SPDX-License-Identifier: GPL-2.0-or-later
"""turns.py ADDRESS PORT SESSIONS FILES MODE [ACTIVE-PORT]: fetches `pub/payload` again and again.

FILES in a row, in each of SESSIONS in turn that stay open; MODE is `passive` or `active`, and then each PORT names ACTIVE-PORT.
Says how many came whole, and which ports were announced.
"""

import hashlib
import re
import socket
import sys

address, port, sessions, files, mode = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
active = int(sys.argv[6]) if mode == "active" else 0
TIMEOUT = 3


class Session:
    def __init__(self):
        self.control = socket.create_connection((address, port), timeout=30)
        self.lines = self.control.makefile("r", encoding="latin-1", newline="\r\n")
        self.reply()
        for command in ("USER anonymous", "PASS guest", "TYPE I"):
            self.command(command)

    def reply(self):
        line = self.lines.readline()
        while line[3:4] == "-":
            line = self.lines.readline()
        return line

    def command(self, text):
        self.control.sendall(text.encode() + b"\r\n")
        return self.reply()

    def fetch(self):
        listener = None
        if active:
            own = self.control.getsockname()[0]
            listener = socket.create_server((own, active))
            listener.settimeout(TIMEOUT)
            self.command(f"PORT {own.replace('.', ',')},{active >> 8},{active & 255}")
            announced = active
        else:
            numbers = re.search(r"\((\d+,\d+,\d+,\d+),(\d+),(\d+)\)", self.command("PASV"))
            announced = int(numbers[2]) * 256 + int(numbers[3])
        data = None
        try:
            if not active:
                data = socket.create_connection((numbers[1].replace(",", "."), announced), timeout=TIMEOUT)
            answer = self.command("RETR pub/payload")
            if active and answer[0] == "1":
                data, _ = listener.accept()
            content = hashlib.sha256()
            size = 0
            while answer[0] == "1" and (part := data.recv(65536)):
                content.update(part)
                size += len(part)
            if answer[0] == "1":
                self.reply()
            return size if data else 0, announced
        except (OSError, TimeoutError):
            return 0, announced
        finally:
            for each in (data, listener):
                if each:
                    each.close()


open_sessions = [Session() for _ in range(sessions)]
sizes, ports = [], []
for number in range(files):
    size, announced = open_sessions[number % sessions].fetch()
    sizes.append(size)
    ports.append(announced)
print(sum(size > 0 for size in sizes), min(ports), max(ports))
