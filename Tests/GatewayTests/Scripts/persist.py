# SPDX-License-Identifier: GPL-2.0-or-later
"""persist.py ADDRESS PORT MODES COUNT PAYLOAD: COUNT sessions that go on until the end of standard input.

Each transfers `pub/payload` again and again, with the modes, separated by commas, by turns. PAYLOAD is the local copy. Says
`logged in` when each session has made its first transfer, and at the end, when no transfer has failed or brought something else,
`done` and the number of transfers.
"""

import sys
import threading
import time

from client import Client

address, port, modes, count, payload = sys.argv[1:]
modes = modes.split(",")
with open(payload, "rb") as file:
    expected = file.read()

ending = threading.Event()
first = threading.Barrier(int(count) + 1)
transfers, failures = [], []


def session(number, client):
    try:
        turn = number
        while turn < number + 2 or not ending.is_set():
            client.choose(modes[turn % len(modes)])
            if client.read("pub/payload") != expected:
                raise ValueError("the file came wrong")
            turn += 1
            if turn == number + 1:
                first.wait()
            # A hundred that never rest would only wait for the processor.
            time.sleep(0.2)
        client.quit()
        transfers.append(turn - number)
    except Exception as error:
        failures.append(number)
        print(f"session {number}, {modes[turn % len(modes)]}: {error!r}", flush=True)
        first.abort()


# One after the other: a server sends no greeting to connections beyond its backlog.
clients = [Client(address, int(port), timeout=120) for _ in range(int(count))]
threads = [threading.Thread(target=session, args=arguments) for arguments in enumerate(clients)]
for thread in threads:
    thread.start()
try:
    first.wait()
    print("logged in", flush=True)
    sys.stdin.read()
except threading.BrokenBarrierError:
    pass
ending.set()
for thread in threads:
    thread.join()
if failures:
    sys.exit(1)
print("done", sum(transfers), flush=True)
