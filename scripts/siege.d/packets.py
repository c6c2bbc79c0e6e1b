# SPDX-License-Identifier: GPL-2.0-or-later
"""TCP segments in IP packets, as an attacker writes them and as they come off a wire."""

import struct
from dataclasses import dataclass

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
LARGEST = 65535


def checksum(data):
    """The Internet checksum. A sum of words modulo 0xffff is their sum in ones' complement."""
    return 0xFFFF - int.from_bytes(data + b"\0" if len(data) % 2 else data, "big") % 0xFFFF


@dataclass
class Segment:
    """A segment; `source` and `destination` are packed addresses, `options` a multiple of four bytes."""

    source: bytes
    destination: bytes
    ports: tuple
    sequence: int
    acknowledgement: int
    flags: int
    payload: bytes = b""
    options: bytes = b""
    window: int = 65535

    def packet(self, ttl=64, is_damaged=False):
        """An IP packet with it, that lives for so many routers; damaged, its own checksum is wrong."""
        return packet(self.source, self.destination, self.tcp(is_damaged), ttl)

    def tcp(self, is_damaged=False):
        head = struct.pack(
            "!HHIIBBHHH",
            *self.ports,
            self.sequence & 0xFFFFFFFF,
            self.acknowledgement & 0xFFFFFFFF,
            20 + len(self.options) << 2,
            self.flags,
            self.window,
            0,
            1 if self.flags & URG else 0,
        )
        whole = head + self.options + self.payload
        value = checksum(self.source + self.destination + struct.pack("!II", len(whole), 6) + whole)
        return whole[:16] + struct.pack("!H", value ^ is_damaged) + whole[18:]


def packet(source, destination, data, ttl=64, protocol=6, fragment=0x4000, identification=0):
    if len(source) == 16:
        return struct.pack("!IHBB", 6 << 28, len(data), protocol, ttl) + source + destination + data
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(data), identification, fragment, ttl, protocol, 0)
    value = checksum(head + source + destination)
    return head[:10] + struct.pack("!H", value) + source + destination + data


def fragments(segment, size, ttl=64, identification=77):
    """The packet in pieces of so many bytes, which are a multiple of eight."""
    data = segment.tcp()
    ends = segment.source, segment.destination
    for offset in range(0, len(data), size):
        piece, more = data[offset : offset + size], offset + size < len(data)
        if len(segment.source) == 16:
            piece = struct.pack("!BBHI", 6, 0, offset | more, identification) + piece
            yield packet(*ends, piece, ttl, protocol=44)
        else:
            yield packet(*ends, piece, ttl, fragment=offset >> 3 | more << 13, identification=identification)


def parse(data):
    """The segment of a packet; `None` if it has none."""
    if data[0] >> 4 == 6:
        if len(data) < 60 or data[6] != 6:
            return None
        start, end = 40, 40 + (data[4] << 8 | data[5])
        source, destination = data[8:24], data[24:40]
    else:
        if len(data) < 40 or data[9] != 6:
            return None
        start, end = (data[0] & 15) * 4, data[2] << 8 | data[3]
        source, destination = data[12:16], data[16:20]
    near, far, sequence, acknowledgement, offset, flags, window = struct.unpack_from("!HHIIBBH", data, start)
    text = start + (offset >> 4) * 4
    return Segment(
        source,
        destination,
        (near, far),
        sequence,
        acknowledgement,
        flags,
        data[text:end],
        data[start + 20 : text],
        window,
    )


def described(data):
    """A packet as a line of a finding."""
    ttl = data[7] if data[0] >> 4 == 6 else data[8]
    is_fragment = data[6] == 44 if data[0] >> 4 == 6 else (data[6] << 8 | data[7]) & 0x3FFF
    segment = None if is_fragment else parse(data)
    if segment is None:
        return f"a fragment of {len(data)} bytes, TTL {ttl}"
    names = "".join(name for bit, name in enumerate("FSRPAU") if segment.flags >> bit & 1) or "-"
    words = [
        f"{segment.ports[0]} > {segment.ports[1]} {names} seq {segment.sequence} ack {segment.acknowledgement}",
        f"win {segment.window}",
    ]
    if ttl < 60:
        words.append(f"TTL {ttl}")
    if segment.options:
        words.append(f"options {segment.options.hex()}")
    if segment.payload:
        shown = segment.payload if len(segment.payload) < 200 else segment.payload[:200] + b"..."
        words.append(f"{len(segment.payload)} bytes {shown!r}")
    return ", ".join(words)
