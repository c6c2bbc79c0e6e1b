# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: age.py FILE

Makes a state file one of the version before: its layout is the same, see `KeptConnection.version`.
"""
import re
import struct
import sys

SLOT = 12  # words, see `StateFile.slotSize`
data = bytearray(open(sys.argv[1], "rb").read())
header = re.match(rb".{16}pinhole \w+ (\d+) ", data, re.DOTALL)
version = int(header[1])
# The number of digits stays the same.
data[header.start(1):header.end(1)] = b"%*d" % (len(header[1]), version - 1)
words = struct.unpack(f"<{SLOT}Q", data[:8 * SLOT])
checksum = 0xCBF29CE484222325
for word in (words[0] & 0xFFFFFFFF, *words[1:]):
    checksum = (checksum ^ word) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
data[4:8] = struct.pack("<I", (checksum ^ checksum >> 32) & 0xFFFFFFFF)
open(sys.argv[1], "r+b").write(data)
print(version - 1)
