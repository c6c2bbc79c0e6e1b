# SPDX-License-Identifier: GPL-2.0-or-later
"""forge.py SOURCE PORT DESTINATION PORT: sends a SYN-ACK with numbers of its own choice, as anybody can write one."""

import socket
import struct
import sys

source, source_port, destination, destination_port = sys.argv[1:]


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


addresses = socket.inet_aton(source) + socket.inet_aton(destination)
ports = int(source_port), int(destination_port)
tcp = struct.pack("!HHIIBBHHH", *ports, 12345, 67890, 5 << 4, 0x12, 65535, 0, 0)
sum_of_all = checksum(addresses + struct.pack("!HH", 6, len(tcp)) + tcp)
tcp = tcp[:16] + struct.pack("!H", sum_of_all) + tcp[18:]
packet = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + addresses + tcp

raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
raw.sendto(packet, (destination, 0))
