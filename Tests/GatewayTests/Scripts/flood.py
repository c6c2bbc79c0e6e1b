"""flood.py SERVER DIALLED SENT READ COUNT READING: announcements in as few segments as TCP likes.

SENT and READ are a PORT's argument as the client writes it and as the server gets it; COUNT of them are written at once.
READING is `eager`, or `late`: the server, whose buffer is small, begins to read when that has long been full. Says `done`.
"""

import sys
import threading
import time

from ends import connect, counter, log_in, read, say
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


attempts_before = attempts()
# That of `sendall` is for all of it.
client.settimeout(60)
writing = threading.Thread(target=client.sendall, args=(sent * count,), daemon=True)
writing.start()
if reading == "late":
    deadline = time.monotonic() + 30
    while not unsent(client) or attempts() < attempts_before + 4:
        if time.monotonic() > deadline:
            raise SystemExit("the buffer was never full")
        time.sleep(0.02)
read(server, received * count)
writing.join()
say(server, client, b"200 announced\r\n")
say(client, server, sent, reads=received)
print("done")
