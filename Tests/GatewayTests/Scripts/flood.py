# SPDX-License-Identifier: GPL-2.0-or-later
"""flood.py SERVER DIALLED SENT READ COUNT READING: announcements in as few segments as TCP likes.

SENT and READ are a PORT's argument as the client writes it and as the server gets it; COUNT of them are written at once.
READING is `eager`, or `late`: the server, whose buffer is small, begins to read when that has long been full. Where there are more of
them than the gateway has a budget for, those beyond pass as they are, but for one at the end. Says `done`.
"""

import sys
import threading
import time

from ends import connect, counter, log_in, say
from pieces import tcp_info, unsent

server_address, dialled, sent, received, count, reading = sys.argv[1:]
sent, received = (b"PORT " + text.encode() + b"\r\n" for text in (sent, received))
count = int(count)

client, server = connect(server_address, dialled, receive_buffer=4096 if reading == "late" else None)
log_in(client, server)


def attempts():
    """How often the client had to probe a closed window, or to send again what an edit had moved beyond it."""
    # Offset of `tcpi_total_retrans`.
    return counter("client", "TCPWinProbe") + tcp_info(client, 100)


def read_lines(count):
    """Reads so many announcements; returns how many of them were rewritten. Anything else ends the program."""
    rest, lines, rewritten = b"", 0, 0
    while lines < count:
        part = server.recv(65536)
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            if line + b"\n" not in (sent, received):
                raise SystemExit(f"{line!r} came instead of {received!r}")
            rewritten += line + b"\n" == received
        lines += len(whole)
        if not part and lines < count:
            raise SystemExit(f"{lines} of {count} came")
    return rewritten


attempts_before = attempts()
# The timeout of `sendall` is for all of it.
client.settimeout(60)
writing = threading.Thread(target=client.sendall, args=(sent * count,), daemon=True)
writing.start()
if reading == "late":
    deadline = time.monotonic() + 30
    while not unsent(client) or attempts() < attempts_before + 4:
        if time.monotonic() > deadline:
            raise SystemExit("the buffer was never full")
        time.sleep(0.02)
rewritten = read_lines(count)
if rewritten < min(count, 1000):
    raise SystemExit(f"{rewritten} were rewritten")
writing.join()
say(server, client, b"200 announced\r\n")
# In time there is a budget again.
deadline = time.monotonic() + 30
while True:
    client.sendall(sent)
    if read_lines(1):
        break
    if time.monotonic() > deadline:
        raise SystemExit("no announcement is rewritten any more")
    time.sleep(0.02)
print("done")
