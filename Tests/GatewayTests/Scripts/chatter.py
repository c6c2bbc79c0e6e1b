# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: chatter.py HOST PORT SESSIONS [SECONDS]

Keeps sessions in which a line was rewritten and that go on talking, each at its own pace and with commands of other lengths, until
a line comes on standard input. A session that is reset or ended begins anew. Then prints what became of them, as NAME=VALUE:
`replies`; `resets`; `cuts`, commands that reached the server without their beginning; `silent`, sessions that waited for a reply
for more than SECONDS (15); and `garbled`, replies that no server sends.
"""
import random
import socket
import sys
import threading

HOST, PORT, SESSIONS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
TIMEOUT = int(sys.argv[4]) if len(sys.argv) > 4 else 15
counts = dict.fromkeys(["replies", "resets", "cuts", "silent", "garbled"], 0)
over = threading.Event()
lock = threading.Lock()


def count(name):
    with lock:
        counts[name] += 1


class Session:
    def __init__(self):
        self.socket = socket.create_connection((HOST, PORT), TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.socket.makefile("rb", newline=b"\n")
        self.read()
        for line in ["USER anonymous", "PASS -"]:
            self.ask(line)

    def read(self):
        line = self.lines.readline()
        if not line:
            raise EOFError
        if not line[:3].isdigit() or not line.endswith(b"\r\n"):
            print("garbled:", line, file=sys.stderr)
            count("garbled")
        elif line.startswith(b"500"):
            count("cuts")
        count("replies")

    def ask(self, line):
        self.socket.sendall(line.encode() + b"\r\n")
        self.read()

    def announce(self):
        address, port = self.socket.getsockname()[0], random.randrange(10_000, 60_000)
        self.ask(f"PORT {address.replace('.', ',')},{port // 256},{port % 256}")


def chatter(seed):
    choice = random.Random(seed)
    while not over.is_set():
        try:
            session = Session()
            session.announce()
            while not over.is_set():
                turn = choice.randrange(10)
                if turn == 0:
                    session.announce()
                else:
                    # Of any length, like a shift.
                    session.ask("SIZE " + "x" * choice.randrange(1, 20) if turn < 6 else "NOOP")
                over.wait(choice.random() / 20)
        except TimeoutError:
            print("silent:", session.socket.getsockname(), file=sys.stderr)
            count("silent")
        except (OSError, EOFError):
            count("resets")


threads = [threading.Thread(target=chatter, args=[seed]) for seed in range(SESSIONS)]
for thread in threads:
    thread.start()
print("ready", flush=True)
sys.stdin.readline()
over.set()
for thread in threads:
    thread.join()
for name, value in counts.items():
    print(f"{name}={value}")
print("done", flush=True)
