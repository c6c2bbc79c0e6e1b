# SPDX-License-Identifier: GPL-2.0-or-later
"""supervise.py PROGRAM ARGUMENT...: keeps a program running, and its files for it, as a service manager does.

It starts the program again whenever it ends, and gives it back the descriptors that it has sent (FDSTORE, LISTEN_FDS).
Each line of standard input is the name of a signal for the program; says `ready N` when its N-th start is complete. The end of
standard input ends it with SIGTERM.

After the line HOLD it says `ended` instead of starting the program again; if the program ends with status 78 it says
`wrong configuration`, and does not start it either. The line START does.
"""

import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading

command = sys.argv[1:]
folder = tempfile.TemporaryDirectory()
path = os.path.join(folder.name, "notify")
notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notices.bind(path)

# In a shell of its own, which knows its process number before the program begins (LISTEN_PID).
LAUNCHER = 'LISTEN_PID=$$ exec "$@"'

stored = {}
starts = 0
orders = queue.Queue()


def start():
    """Starts the program with what it has stored on the descriptors from 3 on."""
    names = list(stored)
    # Out of the way of the numbers that they are to have.
    moved = [os.dup2(stored[name], 100 + index) for index, name in enumerate(names)]

    def place():
        for index, number in enumerate(moved):
            os.dup2(number, 3 + index)

    environment = dict(os.environ, NOTIFY_SOCKET=path)
    if names:
        environment.update(LISTEN_FDS=str(len(names)), LISTEN_FDNAMES=":".join(names))
    kept = range(3, 3 + len(names))
    program = subprocess.Popen(["sh", "-c", LAUNCHER, "sh", *command], env=environment, pass_fds=kept, preexec_fn=place)
    for number in moved:
        os.close(number)
    return program


def receive():
    """Takes notice of what the program says."""
    global starts
    while True:
        text, descriptors, _, _ = socket.recv_fds(notices, 4096, 8)
        fields = dict(line.split("=", 1) for line in text.decode().splitlines())
        name = fields.get("FDNAME", "stored")
        if "FDSTORE" in fields:
            known = stored.get(name)
            for number in descriptors:
                if known is not None and os.path.sameopenfile(known, number):
                    os.close(number)
                else:
                    stored[name] = number
        if "FDSTOREREMOVE" in fields and name in stored:
            os.close(stored.pop(name))
        if fields.get("READY") == "1":
            starts += 1
            print("ready", starts, flush=True)


def watch(program):
    status = program.wait()
    orders.put(78 if status == 78 else None)


def launch():
    program = start()
    threading.Thread(target=watch, args=(program,), daemon=True).start()
    return program


threading.Thread(target=receive, daemon=True).start()
threading.Thread(target=lambda: [orders.put(line.strip()) for line in sys.stdin] + [orders.put("end")], daemon=True).start()
program = launch()
is_held = False
while True:
    order = orders.get()
    if order == "end":
        program.send_signal(signal.SIGTERM)
        sys.exit(0 if program.wait() == 0 else 1)
    elif order == 78:
        print("wrong configuration", flush=True)
    elif order == "HOLD":
        is_held = True
    elif order is None and is_held:
        print("ended", flush=True)
    elif order is None or order == "START":
        is_held = False
        program = launch()
    else:
        program.send_signal(signal.Signals[f"SIG{order}"])
