# SPDX-License-Identifier: GPL-2.0-or-later
"""link.py HOST INTERFACE OTHER_HOST OTHER_INTERFACE SEED: a link between two hosts that reorders and repeats segments.

Two TUN devices and what lies between them. Of the segments from and to port 21, some wait until the next one in their
direction has passed, or for a few milliseconds, and some come twice; all else passes as it comes. Says `up`; at the end
of standard input says `swapped N, repeated N`.
"""

import errno
import fcntl
import os
import random
import select
import struct
import sys
import time

from ends import inside

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
DELAY = 0.004

first_host, first_name, second_host, second_name, seed = sys.argv[1:]
chance = random.Random(int(seed))
swapped = repeated = 0


def device(host, name):
    with inside(host):
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return descriptor


def is_control(packet):
    """An IPv4 TCP segment from or to port 21, the first of its fragments."""
    if packet[0] >> 4 != 4 or packet[9] != 6:
        return False
    start = (packet[0] & 15) * 4
    return 21 in struct.unpack_from("!HH", packet, start)


def pass_on(source, packet):
    """To the other device; lost, as on any link, if that is not up."""
    try:
        os.write(other[source], packet)
    except OSError as error:
        if error.errno != errno.EIO:
            raise


ends = device(first_host, first_name), device(second_host, second_name)
other = dict(zip(ends, reversed(ends)))
held = {}  # by where it came from: the packet that waits, and until when
print("up", flush=True)

while True:
    now = time.monotonic()
    for source in [source for source, (_, due) in held.items() if due <= now]:
        pass_on(source, held.pop(source)[0])
    readable, _, _ = select.select([*ends, sys.stdin], [], [], DELAY / 4 if held else None)
    if sys.stdin in readable:
        break
    for source in readable:
        try:
            packet = os.read(source, 65536)
        except BlockingIOError:
            continue
        if not is_control(packet):
            pass_on(source, packet)
        elif source in held:
            pass_on(source, packet)
            pass_on(source, held.pop(source)[0])
            swapped += 1
        elif chance.random() < 0.3:
            held[source] = packet, time.monotonic() + DELAY
        else:
            pass_on(source, packet)
            if chance.random() < 0.1:
                pass_on(source, packet)
                repeated += 1
print(f"swapped {swapped}, repeated {repeated}", flush=True)
