# SPDX-License-Identifier: GPL-2.0-or-later
"""fill.py: fills the conntrack table of this network namespace with assured UDP entries, and says how many.

The limit (`nf_conntrack_max`) is the machine's, the count is the namespace's own: nobody else is hurt. Assured, because
the kernel drops other entries early to make room.
"""

import socket
import struct

BATCH = 256
IPS_SEEN_REPLY, IPS_ASSURED, IPS_CONFIRMED = 2, 4, 8


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def nested(kind, *parts):
    return attribute(kind | 0x8000, b"".join(parts))  # NLA_F_NESTED


def endpoints(source, destination, source_port, destination_port):
    return (
        nested(1, attribute(1, source), attribute(2, destination)),  # CTA_TUPLE_IP
        nested(  # CTA_TUPLE_PROTO
            2,
            attribute(1, bytes([socket.IPPROTO_UDP])),
            attribute(2, struct.pack("!H", source_port)),
            attribute(3, struct.pack("!H", destination_port)),
        ),
    )


def entry(number):
    one, two = socket.inet_aton("192.0.2.1"), struct.pack("!I", 0xC6120000 | number >> 15)
    source, destination = 10_000 + (number & 0x7FFF), 9
    body = b"".join(
        (
            struct.pack("=BBH", socket.AF_INET, 0, 0),  # nfgenmsg
            nested(1, *endpoints(one, two, source, destination)),  # CTA_TUPLE_ORIG
            nested(2, *endpoints(two, one, destination, source)),  # CTA_TUPLE_REPLY
            attribute(3, struct.pack("!I", IPS_SEEN_REPLY | IPS_ASSURED | IPS_CONFIRMED)),  # CTA_STATUS
            attribute(7, struct.pack("!I", 600)),  # CTA_TIMEOUT, seconds
        )
    )
    # IPCTNL_MSG_CT_NEW of NFNL_SUBSYS_CTNETLINK; NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL
    return struct.pack("=IHHII", 16 + len(body), 1 << 8, 0x1 | 0x400 | 0x200, 0, 0) + body


def read(name):
    with open("/proc/sys/net/netfilter/" + name, encoding="ascii") as file:
        return int(file.read())


limit = read("nf_conntrack_max")
netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)  # NETLINK_NETFILTER
netlink.bind((0, 0))
for first in range(0, limit + BATCH, BATCH):
    netlink.send(b"".join(entry(number) for number in range(first, first + BATCH)))
    try:
        while True:
            netlink.recv(1 << 16, socket.MSG_DONTWAIT)  # refusals: ENOMEM once it is full
    except (BlockingIOError, OSError):
        pass
print(f"{read('nf_conntrack_count')} of {limit}")
