# SPDX-License-Identifier: GPL-2.0-or-later
"""urgent.py SERVER DIALLED SENT READ: urgent data stays where it was, behind edits and beside them.

SENT is a PORT's argument as the client writes it, READ as the server gets it. Says `done`.
"""

import fcntl
import socket
import struct
import sys

from ends import connect, log_in, read, say

SIOCATMARK = 0x8905
server_address, dialled, sent, received = sys.argv[1:]
sent, received = (b"PORT " + text.encode() + b"\r\n" for text in (sent, received))


def is_at_mark():
    return struct.unpack("i", fcntl.ioctl(server, SIOCATMARK, struct.pack("i", 0)))[0] != 0


def read_to_mark(before, behind):
    """Reads `before`, at whose end the mark has to be and nowhere sooner, and then `behind`."""
    for index in range(len(before)):
        if is_at_mark():
            raise SystemExit(f"the mark is {index} bytes behind and not {len(before)}")
        read(server, before[index : index + 1])
    if not is_at_mark():
        raise SystemExit(f"no mark behind {before!r}")
    read(server, behind)


client, server = connect(server_address, dialled)
server.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
log_in(client, server)

# Before any edit, behind one, and behind two: IAC IP IAC, the last of them urgent, then DM and the command.
for edits in range(3):
    client.send(b"\xff\xf4\xff", socket.MSG_OOB)
    client.sendall(b"\xf2ABOR\r\n")
    read_to_mark(b"\xff\xf4", b"\xff\xf2ABOR\r\n")
    say(server, client, b"226 nothing to abort\r\n")
    say(client, server, sent, reads=received)
    say(server, client, b"200 announced\r\n")

# In the segment with an address that is rewritten: behind it.
client.send(sent + b"ABOR\r\n", socket.MSG_OOB)
read_to_mark(received + b"ABOR\r", b"\n")
say(server, client, b"200 announced\r\n")
say(server, client, b"226 nothing to abort\r\n")

# And in two halves of an announcement.
client.sendall(sent[:12])
client.send(sent[12:], socket.MSG_OOB)
read_to_mark(received[:-1], b"\n")
print("done")
