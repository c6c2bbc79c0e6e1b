# SPDX-License-Identifier: GPL-2.0-or-later
"""hostile.py CLIENT PORT SERVER LAYER: packets that are wrong in every way, through the gateway, on a connection made for them.

CLIENT and SERVER are addresses that nobody has, PORT is the client's. LAYER is `headers`, `lengths`, `options`, `fragments` or `extensions`.
Says `sent N`.
"""

import struct
import sys

from raw import ACK, HEADER, PSH, Wire, connection, ip, log_in, packed, tcp, tcp_checksum, with_ip_checksum

client_address, client_port, server_address, layer = sys.argv[1:]
is_v6 = ":" in client_address
start = HEADER[6 if is_v6 else 4]
wires = Wire("client"), Wire("server")
client, server = connection(wires, client_address, server_address, int(client_port))
log_in(client, server)
if is_v6:
    line = f"EPRT |2|{client_address}|5001|\r\n".encode()
else:
    line = b"PORT " + client_address.replace(".", ",").encode() + b",19,137\r\n"
count = 0


def send(packet):
    """Sends it from the client and ignores all answers."""
    global count
    count += 1
    client.wire.send(packet)
    for wire in wires:
        while wire.receive(0) is not None:
            pass


def segment(payload=line, options=b"", flags=ACK | PSH):
    """An expected packet, so that only its modification is wrong."""
    ports = client.port, client.far_port
    place = client.start + client.sent, client.far_start + client.acknowledged
    return tcp(client.packed, client.far, ports, *place, flags, payload, options)


def repaired(packet):
    """With the checksums that it has to have as it is, as far as it has the fields for them."""
    if not is_v6:
        if len(packet) < 20 or not 20 <= (packet[0] & 15) * 4 <= len(packet):
            return packet
        packet = with_ip_checksum(packet)
    begin = start if is_v6 else (packet[0] & 15) * 4
    if len(packet) < begin + 18:
        return packet
    data = packet[begin : begin + 16] + b"\0\0" + packet[begin + 18 :]
    ends = (packet[8:24], packet[24:40]) if is_v6 else (packet[12:16], packet[16:20])
    return packet[: begin + 16] + struct.pack("!H", tcp_checksum(*ends, data)) + packet[begin + 18 :]


def headers():
    """Every byte of both headers, with checksums that are right for it and with those of before."""
    good = ip(client.packed, client.far, segment())
    for offset in range(start + 20):
        for value in {0, 1, 0x7F, 0x80, 0xFF, good[offset] ^ 1, good[offset] ^ 0x10, good[offset] ^ 0x80}:
            bad = good[:offset] + bytes([value]) + good[offset + 1 :]
            send(bad)
            send(repaired(bad))


def lengths():
    """Cut off at each byte, with and without saying so; and lengths that say more or less than there is."""
    good = ip(client.packed, client.far, segment(options=b"\1" * 12))
    field, less = (4, 40) if is_v6 else (2, 0)

    def claiming(packet, size):
        return repaired(packet[:field] + struct.pack("!H", max(size - less, 0) & 0xFFFF) + packet[field + 2 :])

    for size in range(len(good)):
        send(good[:size])
        send(claiming(good[:size], size) if size > field + 2 else good[:size])
        send(claiming(good, size))
    for size in (len(good) + 1, len(good) + 100, 1500, 0x7FFF, 0xFFFF):
        send(claiming(good, size))
        send(claiming(good + b"\r\n" * 500, size))
    # The data offset, from none at all to beyond the end.
    for words in range(16):
        data = segment(payload=b"x" * (words % 3), options=b"\1" * 4)
        send(repaired(ip(client.packed, client.far, data[:12] + bytes([words << 4]) + data[13:])))


def options():
    """Lists of TCP options, and of IP's, that lie about their lengths."""
    lists = [bytes([kind, size]) for kind in range(35) for size in (0, 1, 2, 3, 4, 9, 10, 11, 18, 34, 40, 255)]
    lists += [b"\1" * n + bytes([5, size]) for n in range(38) for size in (2, 10, 18, 26, 34, 255)]
    lists += [b"\5", b"\0" * 40, b"\5\12" + b"\xff" * 8, b"\5\42" + b"\x80\0\0\0" * 8, b"\1\1\5\12" * 10]
    for one in lists:
        padded = (one + b"\0" * 40)[: min((len(one) + 11) // 4 * 4, 40)]
        send(ip(client.packed, client.far, segment(options=padded)))
        send(ip(client.packed, client.far, segment(options=one[: len(one) // 4 * 4])))
        if not is_v6:
            send(ip(client.packed, client.far, segment(), options=padded))


def fragments():
    """Fragments of every size, in either order, overlapping, the last one missing, and the last one twice."""
    data = segment(payload=b"NOOP\r\n" * 4 + line, options=b"\1" * 12)
    whole = packed(client_address), packed(server_address)
    for number, size in enumerate(range(8, len(data), 8), 1):
        pieces = []
        for offset in range(0, len(data), size):
            piece, more = data[offset : offset + size], offset + size < len(data)
            if is_v6:
                head = struct.pack("!BBHI", 6, 0, offset | more, number)
                pieces.append(ip(*whole, head + piece, protocol=44))
            else:
                pieces.append(ip(*whole, piece, fragment=offset >> 3 | more << 13, identification=number))
        for order in (pieces, pieces[::-1], pieces[:-1], pieces + pieces[-1:], pieces[:1] * 3, pieces[1:]):
            for piece in order:
                send(piece)
    if is_v6:
        send(ip(*whole, struct.pack("!BBHI", 6, 0, 0, 7) + data, protocol=44))


def extensions():
    """Chains of IPv6 headers: every kind, many of them, without end, and with lengths that lie."""
    ends = client.packed, client.far

    def option_header(following, size=0):
        return bytes([following, size]) + b"\1\4" + b"\0" * 4 + b"\0" * 8 * (size if size < 20 else 0)

    def chained(kinds, last=6, data=None):
        """The headers of those kinds, one behind the other, and the data."""
        result, following = segment() if data is None else data, last
        for kind in reversed(kinds):
            if kind == 44:
                result = struct.pack("!BBHI", following, 0, 0, 1) + result
            elif kind == 51:
                result = struct.pack("!BBHII", following, 1, 0, 1, 1) + result
            else:
                result = option_header(following) + result
            following = kind
        return ip(*ends, result, protocol=following)

    kinds = (0, 43, 44, 50, 51, 59, 60, 135, 139, 140, 253, 254)
    for one in kinds:
        send(chained([one]))
        for other in kinds:
            send(chained([one, other]))
    for count in (4, 8, 9, 16, 64, 150):
        send(chained([60] * count))
        send(chained([0] + [60] * count))
        send(chained([60] * count, data=b""))
        send(chained([60] * count, last=59))
    for size in (1, 2, 7, 100, 255):
        send(ip(*ends, option_header(6, size) + segment(), protocol=60))
        send(ip(*ends, option_header(6, size)[:8], protocol=0))
    for size in range(8):
        send(ip(*ends, option_header(6)[:size], protocol=60))
    # Options that lie, and a jumbogram.
    for kind in (0, 1, 4, 5, 0xC2, 0xC9, 0x3E, 0xFE):
        for size in (0, 4, 5, 255):
            send(ip(*ends, bytes([6, 0, kind, size]) + b"\0" * 4 + segment(), protocol=0))
    jumbo = ip(*ends, b"\6\0\xc2\4" + struct.pack("!I", 65544) + segment(), protocol=0)
    send(jumbo[:4] + b"\0\0" + jumbo[6:])


{"headers": headers, "lengths": lengths, "options": options, "fragments": fragments, "extensions": extensions}[layer]()
print("sent", count)
