# SPDX-License-Identifier: GPL-2.0-or-later
"""crowd.py ADDRESS PORT MODE PAYLOAD SOURCE...: one client at each source address, all at once.

Every one of them listens on port 5001 of its own address and announces just that; the transfers begin when all have
announced. PAYLOAD is the local copy of `pub/payload`. Says `done N` when all have the file.
"""

import sys
import threading

from client import Client

address, port, mode, payload, *sources = sys.argv[1:]
with open(payload, "rb") as file:
    expected = file.read()

everyone = threading.Barrier(len(sources))
failures = []
lock = threading.Lock()


class Patient(Client):
    """Waits, between the announcement and the transfer, until everyone has announced."""

    def makeport(self):
        listener = super().makeport()
        everyone.wait(timeout=45)
        return listener


def fetch(source):
    try:
        session = Patient(address, int(port), source=source)
        session.choose(mode, port=5001)
        if session.read("pub/payload") != expected:
            raise ValueError("the file came wrong")
        session.quit()
    except Exception as error:
        with lock:
            failures.append(f"{source}: {error!r}")


threads = [threading.Thread(target=fetch, args=(source,)) for source in sources]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if failures:
    sys.exit("\n".join(failures))
print(f"done {len(sources)}")
