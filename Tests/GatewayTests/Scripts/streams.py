# SPDX-License-Identifier: GPL-2.0-or-later
"""streams.py PINHOLE CLIENT SERVER SENT READ: what no TCP stack sends, through the gateway, between ends that are none.

CLIENT and SERVER are addresses that nobody has, SENT and READ a PORT's argument as the client writes it and as the server
gets it. PINHOLE is the program to ask what is expected. Says the name of each case, and `done`.
"""

import json
import random
import subprocess
import sys

from raw import ACK, FIN, PSH, RST, SYN, URG, Wire, connection, log_in, say

pinhole, client_address, server_address, sent, received = sys.argv[1:]
sent, received = (b"PORT " + text.encode() + b"\r\n" for text in (sent, received))
wires = Wire("client"), Wire("server")
chance = random.Random(5)
ports = iter(range(40000, 50000))
clients = []


def report(subcommand):
    words = ["ip", "netns", "exec", "gateway", pinhole, subcommand, "--json"]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def expected(client):
    """The ports to which the client's open expectation leads."""
    name = f"{client.address}:{client.port}"
    return [int(one["translated"]["to"].rpartition(":")[2]) for one in report("expectations") if one["master"]["client"] == name]


def require(condition, *what):
    if not condition:
        raise SystemExit(f"{case.__name__}: {what}")


def begin(payload=b"", logged_in=True):
    """A connection in the place of the one before, whose port is then free for it."""
    for client in clients:
        client.send(flags=ACK | RST)
    client, server = connection(wires, client_address, server_address, next(ports), payload, len(payload))
    clients[:] = [client]
    require(report("expectations") == [], "the one before is still there")
    if logged_in:
        log_in(client, server)
    return client, server


def require_health(client, server):
    """The connection goes on as ever, edits and all."""
    say(client, server, b"NOOP\r\n")
    say(server, client, b"200 well\r\n")
    say(client, server, sent, received)
    require(expected(client) == [5001], expected(client))
    say(server, client, b"200 announced\r\n")


def copies_that_differ():
    """The first of two different copies of a byte counts, for the server and for Pinhole."""
    client, server = begin()
    place = client.sent
    client.send(sent)
    server.take(0.05)
    for liar in (sent.replace(b"19,137", b"19,138"), sent.swapcase(), b"QUIT" + sent[4:]):
        client.send(liar, at=place)
        client.send(liar[7:], at=place + 7)
        client.send(liar + b"LIST\r\n"[: 1 + len(liar) % 5], at=place)
    client.send(sent, at=place)
    rest = b"LIST\r\nNOOP\r\n"
    say(client, server, rest, received + rest)
    require(server.conflicts == 0, server.conflicts)
    require(expected(client) == [5001], expected(client))


def copies_without_end():
    """The same with a thousand conflicting segments, of any size and anywhere in the bytes already sent."""
    client, server = begin()
    first = client.sent
    lines = [b"NOOP\r\n", sent, b"TYPE I\r\n", sent.lower(), b"CWD " + b"x" * 50 + b"\r\n"] * 12
    text, reads = b"".join(lines), b"".join(received if line == sent else line for line in lines)
    reads = reads.replace(sent.lower(), received.replace(b"PORT", b"port"))
    rounds = 0
    while client.arrived < first + len(text):
        high = client.sent - first
        for _ in range(8):
            start = chance.randrange(max(high - 400, 0), high + 1)
            end = min(start + chance.randrange(1, 200), high)
            lie = bytes(byte ^ (chance.random() < 0.3) for byte in text[start:end])
            client.send(lie, at=first + start)
            rounds += 1
        size = chance.randrange(1, 60)
        client.send(text[high : high + size])
        server.take(0.005)
        if client.sent == first + len(text):
            client.send(text[client.arrived - first :][:1400], at=client.arrived)
        if chance.random() < 0.05 or client.sent == first + len(text):
            server.acknowledge()
            client.take(0.005)
        require(rounds < 50000, "no end")
    require(server.conflicts == 0, server.conflicts)
    require(server.text(first) == reads, server.text(first))
    say(server, client, b"200 ok\r\n" * len(lines))
    require_health(client, server)


def far_outside():
    """Segments from outside of the window, RST and FIN among them, change nothing; with edits conntrack lets them pass."""
    client, server = begin()
    say(client, server, sent, received)
    say(server, client, b"200 announced\r\n")
    for distance in (70_000, 1 << 29, 1 << 30, (1 << 31) - 1, 1 << 31, -70_000, -(1 << 30)):
        for flags in (ACK, ACK | PSH, ACK | FIN, ACK | RST, RST, ACK | URG):
            for end in (client, server):
                end.send(sent if flags & (PSH | FIN) else b"", at=end.sent + distance, flags=flags, urgent=9)
    require_health(client, server)


def without_a_line_end():
    client, server = begin()
    say(client, server, b"x" * 200_000)
    say(client, server, b"\r\n")
    say(server, client, b"5" * 200_000 + b"\r\n")
    require_health(client, server)


def thousand_in_a_segment():
    """A thousand commands in one segment, the last of them a PORT; then as many replies."""
    client, server = begin()
    say(client, server, b"NOOP\r\n" * 1000 + sent, b"NOOP\r\n" * 1000 + received)
    say(server, client, b"200 ok\r\n" * 1001)
    require(expected(client) == [5001], expected(client))
    say(client, server, sent * 1000, received * 1000)
    say(server, client, b"200 ok\r\n" * 1000)
    require_health(client, server)


def as_large_as_can_be():
    """Packets of up to 65535 bytes, of which the queue shows 65531: larger ones pass unread."""
    for size in (65500, 65531, 65532, 65535):
        client, server = begin()
        text = b"x" * (size - 42) + b"\r\n"
        say(client, server, text, piece=len(text))
        require_health(client, server)


def together():
    """64 KiB that a network card divides into segments, with a PORT in each of them."""
    client, server = begin()
    line = b"x" * (1446 - len(sent)) + b"\r\n"
    text, reads = (line + sent) * 45, (line + received) * 45
    segment = client.packet(client.start + client.sent, client.far_start + client.acknowledged, ACK | PSH, text)
    start = client.sent
    client.wire.send_together(segment, 1448)
    server.wait(lambda: len(server.view) > start + 20_000, "what the card sends")
    # Bytes that no longer fit because of the edits are retransmitted, as usual.
    say(client, server, text, reads, piece=1448)
    require(server.conflicts == 0, server.conflicts)
    say(server, client, b"200 ok\r\n" * 45)
    require_health(client, server)


def replies_without_commands():
    client, server = begin()
    say(server, client, b"200 what?\r\n" * 500 + b"227 (1,2,3,4,5,6)\r\n" * 500)
    require(expected(client) == [], expected(client))
    require_health(client, server)
    say(client, server, b"EPSV\r\n")
    say(server, client, b"229 (|||5002|)\r\n")
    require(expected(client) == [5002], expected(client))


def fin_with_data():
    client, server = begin()
    client.send(sent, flags=ACK | PSH | FIN)
    server.wait(lambda: server.flags & FIN, "the FIN")
    require(server.text(server.acknowledged) == received, server.text(server.acknowledged))
    require(expected(client) == [5001], expected(client))
    server.send(b"200 announced\r\n", flags=ACK | PSH | FIN)
    client.wait(lambda: client.flags & FIN, "the FIN")
    require(expected(client) == [], expected(client))


def rst_with_data():
    client, server = begin()
    client.send(sent, flags=ACK | PSH | RST)
    server.wait(lambda: server.flags & RST, "the RST")
    require(expected(client) == [], expected(client))


def syn_with_data():
    """Data in the SYN was not seen, so the session does not count as logged in."""
    early = b"USER anonymous\r\nPASS guest\r\n" + sent
    client, server = begin(early, logged_in=False)
    say(server, client, b"220 ready\r\n331 password\r\n230 logged in\r\n200 announced\r\n")
    say(client, server, sent)
    require(expected(client) == [], expected(client))
    # And again in the middle: nothing of it is new.
    client.emit(client.start - 1, 0, SYN, early)
    say(server, client, b"200 announced\r\n")
    say(client, server, b"NOOP\r\n")


def tls_look_alikes():
    hello = bytes.fromhex("16030100700100006c0303") + bytes(range(100))
    client, server = begin(logged_in=False)
    say(server, client, b"220 ready\r\n")
    say(client, server, hello + b"\r\n" + sent)
    say(server, client, b"230 logged in\r\n200 announced\r\n")
    say(client, server, sent)
    require(expected(client) == [], expected(client))

    client, server = begin()
    say(client, server, b"AUTH TLS\r\n")
    say(server, client, b"234 go on\r\n")
    say(client, server, sent + hello)
    say(client, server, sent)
    require(expected(client) == [], expected(client))

    client, server = begin()
    say(client, server, hello.replace(b"\n", b"") + b"\r\n")
    say(server, client, b"500 what?\r\n")
    require_health(client, server)


for case in (
    copies_that_differ,
    copies_without_end,
    far_outside,
    without_a_line_end,
    thousand_in_a_segment,
    as_large_as_can_be,
    together,
    replies_without_commands,
    fin_with_data,
    rst_with_data,
    syn_with_data,
    tls_look_alikes,
):
    print(case.__name__, file=sys.stderr, flush=True)
    case()
print("done")
