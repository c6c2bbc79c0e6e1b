# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets made by hand, and TCP ends made of them that no kernel knows of, for the scripts beside it.

A raw end has an address of its own on the link between its host and the gateway; the host itself does not have it, so that
no stack answers in its place.
"""

import fcntl
import ipaddress
import random
import select
import socket
import struct
import subprocess
import time

from ends import inside

ETH_P_ALL, SIOCGIFHWADDR, PACKET_OUTGOING = 3, 0x8927, 4
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
TIMEOUT = 5
SYN_OPTIONS = b"\x02\x04\x05\xb4\x04\x02\x01\x01"  # MSS 1460, SACK permitted
HEADER = {4: 20, 6: 40}


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packed(address):
    return ipaddress.ip_address(address).packed


def tcp_checksum(source, destination, segment):
    """The checksum of a segment whose own field is 0; the addresses are packed."""
    return checksum(source + destination + struct.pack("!II", len(segment), 6) + segment)


def tcp(source, destination, ports, sequence, acknowledgement, flags, payload=b"", options=b"", urgent=0):
    """A segment with its checksum; the addresses are packed, `options` a multiple of four bytes."""
    offset = (20 + len(options)) << 2
    head = struct.pack(
        "!HHIIBBHHH", *ports, sequence & 0xFFFFFFFF, acknowledgement & 0xFFFFFFFF, offset, flags, 65535, 0, urgent
    )
    segment = head + options + payload
    return segment[:16] + struct.pack("!H", tcp_checksum(source, destination, segment)) + segment[18:]


def ip(source, destination, data, protocol=6, options=b"", fragment=0x4000, identification=0):
    """An IP packet with its checksum; `options` are those of IPv4, a multiple of four bytes."""
    if len(source) == 16:
        return struct.pack("!IHBB", 6 << 28, len(data), protocol, 64) + source + destination + data
    length = 20 + len(options)
    head = struct.pack("!BBHHHBBH", 0x40 | length >> 2, 0, length + len(data), identification, fragment, 64, protocol, 0)
    return with_ip_checksum(head + source + destination + options) + data


def with_ip_checksum(packet):
    """An IPv4 packet with the checksum that its header, as it is, has to have."""
    size = (packet[0] & 15) * 4
    head = packet[:10] + b"\0\0" + packet[12:size]
    return head[:10] + struct.pack("!H", checksum(head)) + packet[12:]


class Wire:
    """The link between a host and the gateway, as the host has it."""

    def __init__(self, host):
        with inside(host):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.socket.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
            self.socket.bind(("gateway", ETH_P_ALL))
        self.address = self.socket.getsockname()[4]
        with inside("gateway"), socket.socket() as any_socket:
            answer = fcntl.ioctl(any_socket, SIOCGIFHWADDR, struct.pack("256s", host.encode()))
        self.gateway = answer[18:24]
        self.host = host

    def claim(self, address):
        """Has the gateway route packets for an unused address here."""
        lladdr = ":".join(f"{byte:02x}" for byte in self.address)
        words = ["ip", "-n", "gateway", "neigh", "replace", address, "lladdr", lladdr, "dev", self.host, "nud", "permanent"]
        subprocess.run(words, check=True)

    def send_together(self, packet, size):
        """Sends a packet as one that the network card is to divide into segments of that size; its checksum is left to it."""
        with inside(self.host):
            card = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        with card:
            card.setsockopt(263, 15, 1)  # SOL_PACKET, PACKET_VNET_HDR
            card.bind(("gateway", 0))
            pseudo = checksum(packet[12:20] + struct.pack("!II", len(packet) - 20, 6)) ^ 0xFFFF
            packet = packet[:36] + struct.pack("!H", pseudo) + packet[38:]
            # struct virtio_net_hdr: VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_TCPV4
            head = struct.pack("=BBHHHH", 1, 1, 14 + 40, size, 14 + 20, 16)
            card.send(head + self.gateway + self.address + b"\x08\x00" + packet)

    def send(self, packet):
        kind = b"\x86\xdd" if packet[:1] and packet[0] >> 4 == 6 else b"\x08\x00"
        self.socket.send(self.gateway + self.address + kind + packet)

    def receive(self, timeout):
        """The next IP packet from the gateway; `None` if none comes in so many seconds."""
        deadline = time.monotonic() + timeout
        while (rest := deadline - time.monotonic()) > 0 or timeout == 0:
            if not select.select([self.socket], [], [], max(rest, 0))[0]:
                return None
            frame, origin = self.socket.recvfrom(1 << 17)
            if origin[2] != PACKET_OUTGOING and frame[12:14] in (b"\x08\x00", b"\x86\xdd"):
                return frame[14:]
        return None


class End:
    """One end of a TCP connection; it sends and acknowledges only on request, and retransmits nothing."""

    def __init__(self, wire, address, port):
        self.wire, self.address, self.port = wire, address, port
        self.packed = packed(address)
        self.far = self.far_port = None
        self.start = random.randrange(1 << 32)
        self.sent = self.acknowledged = self.far_start = 0
        self.arrived = 0  # how much of what was sent has been acknowledged
        self.view = {}  # what has come, by its offset in the stream
        self.conflicts = 0  # bytes that had come as another one
        self.flags = 0  # all flags that have come
        wire.claim(address)

    def accept(self, acknowledges=0):
        """Answers the SYN that comes, and takes so many bytes of its payload."""
        head, payload = self.next_segment(anybody=True)
        self.far_start = head[2] + 1
        self.view = dict(enumerate(payload[:acknowledges]))
        self.acknowledged = acknowledges
        self.emit(self.start, self.far_start + acknowledges, SYN | ACK, b"", SYN_OPTIONS)
        self.start += 1

    def packet(self, sequence, acknowledgement, flags, payload=b"", options=b"", urgent=0):
        segment = tcp(
            self.packed, self.far, (self.port, self.far_port), sequence, acknowledgement, flags, payload, options, urgent
        )
        return ip(self.packed, self.far, segment)

    def emit(self, *fields, **more):
        self.wire.send(self.packet(*fields, **more))

    def send(self, payload=b"", at=None, flags=ACK | PSH, options=b"", urgent=0):
        """Sends a payload at an offset of the stream, which goes on behind it if that is where it stood."""
        position = self.sent if at is None else at
        self.emit(self.start + position, self.far_start + self.acknowledged, flags, payload, options, urgent)
        if at is None:
            self.sent += len(payload) + (1 if flags & (FIN | SYN) else 0)

    def acknowledge(self):
        """Acknowledges all bytes up to the first gap."""
        while self.acknowledged in self.view:
            self.acknowledged += 1
        self.send(flags=ACK)

    def next_segment(self, anybody=False):
        """The header and the payload of the next segment, which has to come."""
        segment = self.segment(TIMEOUT, anybody)
        if segment is None:
            raise SystemExit(f"no segment came to {self.address}")
        return segment

    def segment(self, timeout, anybody=False):
        """The header and the payload of the next segment for this end, of which it takes notice; `None` if none comes.

        From `anybody` it is a SYN.
        """
        deadline = time.monotonic() + timeout
        while (packet := self.wire.receive(max(deadline - time.monotonic(), 0))) is not None:
            version = packet[0] >> 4
            start = HEADER[version] if version == 6 else (packet[0] & 15) * 4
            if packet[9 if version == 4 else 6] != 6 or len(packet) < start + 20:
                continue
            source, destination = (packet[12:16], packet[16:20]) if version == 4 else (packet[8:24], packet[24:40])
            end = 40 + int.from_bytes(packet[4:6], "big") if version == 6 else int.from_bytes(packet[2:4], "big")
            head = struct.unpack_from("!HHIIBBHHH", packet, start)
            if destination != self.packed or head[1] != self.port:
                continue
            if anybody:
                if not head[5] & SYN:
                    continue
                self.far, self.far_port = source, head[0]
            elif (source, head[0]) != (self.far, self.far_port):
                continue
            payload = packet[start + (head[4] >> 4) * 4 : end]
            self.flags |= head[5]
            self.look_at(head, payload)
            return head, payload
        return None

    def look_at(self, head, payload):
        if head[5] & ACK:
            arrived = (head[3] - self.start) & 0xFFFFFFFF
            if self.arrived < arrived <= self.sent:
                self.arrived = arrived
        position = (head[2] - self.far_start) & 0xFFFFFFFF
        for offset, byte in enumerate(payload, position):
            # No stack looks at acknowledged bytes again.
            self.conflicts += self.view.setdefault(offset, byte) != byte and offset >= self.acknowledged

    def wait(self, condition, what):
        """Receives packets until the condition holds; fails if that takes long."""
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            if time.monotonic() > deadline:
                raise SystemExit(f"waited in vain for {what}; {self.text(self.acknowledged)[-200:]!r} came")
            self.segment(0.02)

    def take(self, timeout=0.0):
        """Receives packets until none comes for so many seconds."""
        while self.segment(timeout):
            pass

    def text(self, start=0):
        """The received bytes from an offset up to the first gap."""
        result = bytearray()
        while start + len(result) in self.view:
            result.append(self.view[start + len(result)])
        return bytes(result)


def connection(wires, client, server, port, payload=b"", acknowledges=0):
    """A connection between two raw ends, each an address: (client, server); the SYN may have a payload."""
    client, server = End(wires[0], client, port), End(wires[1], server, 21)
    client.far, client.far_port = server.packed, server.port
    client.emit(client.start, 0, SYN, payload, SYN_OPTIONS)
    server.accept(acknowledges)
    head, _ = client.next_segment()
    client.far_start = head[2] + 1
    client.start += 1
    client.sent = client.arrived = acknowledges
    client.send(flags=ACK)
    server.next_segment()
    return client, server


def say(sender, receiver, text, reads=None, piece=30000):
    """Sends a text, again from where it was acknowledged if need be, until it has come, or instead of it `reads`."""
    reads = reads or text
    start, first = receiver.acknowledged, sender.sent
    sender.sent += len(text)
    deadline = time.monotonic() + TIMEOUT
    while len(receiver.text(start)) < len(reads) or sender.arrived < sender.sent:
        if time.monotonic() > deadline:
            raise SystemExit(f"{receiver.text(start)[-100:]!r} came, the end of which was to be {reads[-100:]!r}")
        sender.send(text[max(sender.arrived - first, 0) :][:piece], at=max(sender.arrived, first))
        receiver.take(0.02)
        receiver.acknowledge()
        sender.take(0.02)
    if receiver.text(start) != reads:
        raise SystemExit(f"{receiver.text(start)!r} came instead of {reads!r}")


def log_in(client, server):
    say(server, client, b"220 ready\r\n")
    say(client, server, b"USER anonymous\r\n")
    say(server, client, b"331 password\r\n")
    say(client, server, b"PASS guest\r\n")
    say(server, client, b"230 logged in\r\n")
