# SPDX-License-Identifier: GPL-2.0-or-later
"""find.py TEXT: says whether the memory of its parent contains the text in upper case."""

import os
import sys

wanted, found, process = sys.argv[1].upper().encode(), False, os.getppid()
with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb", 0) as memory:
    for line in maps:
        span, permissions, *rest = line.split()
        if not permissions.startswith("rw"):
            continue
        start, end = (int(bound, 16) for bound in span.split("-"))
        memory.seek(start)
        try:
            found = found or wanted in memory.read(end - start)
        except OSError:
            pass
print(found)
