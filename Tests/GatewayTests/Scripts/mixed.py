# SPDX-License-Identifier: GPL-2.0-or-later
"""mixed.py ADDRESS PORT MODES CLIENTS SECONDS PAYLOAD: what users do, for so long, so many of them at once.

Each begins a session, chooses among the modes, which are separated by commas, and among transfers, announcements that
lead to none, and other commands; it leaves as one should, or without a word. PAYLOAD is the local copy of `pub/payload`.
Says `done SESSIONS TRANSFERS` when everything that was begun came to its end.
"""

import random
import sys
import threading
import time

from client import Client

address, port, modes, clients, seconds, payload = sys.argv[1:]
modes = modes.split(",")
end = time.monotonic() + float(seconds)
with open(payload, "rb") as file:
    expected = file.read()

lock = threading.Lock()
sessions = transfers = 0
failures = []


def act(session, chance):
    """Does one thing; tells how many transfers that was."""
    session.choose(chance.choice(modes))
    kind = chance.random()
    if kind < 0.5:
        if session.read("pub/payload") != expected:
            raise ValueError("the file came wrong")
        return 1
    if kind < 0.8:
        if session.passiveserver:
            session.makepasv()
        else:
            session.makeport().close()
    session.voidcmd("NOOP")
    return 0


def live(number):
    global sessions, transfers
    chance = random.Random(number)
    try:
        while time.monotonic() < end:
            session = Client(address, int(port), timeout=60)
            count = 0
            for _ in range(chance.randrange(12)):
                count += act(session, chance)
                time.sleep(chance.random() / 10)
            if chance.random() < 0.8:
                session.quit()
            else:
                session.close()
            with lock:
                sessions += 1
                transfers += count
    except Exception as error:
        with lock:
            failures.append(f"{session.mode if 'session' in locals() else '-'}: {error!r}")


threads = [threading.Thread(target=live, args=(number,)) for number in range(int(clients))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if failures:
    sys.exit("\n".join(failures))
print(f"done {sessions} {transfers}")
