# SPDX-License-Identifier: GPL-2.0-or-later
"""memory.py PID TEXT...: looks for the texts, and for any 8 bytes of one, in the memory of a process.

Says of each place where some are what lies around them.
"""

import re
import sys

process, *texts = sys.argv[1:]
parts = {text[start : start + 8].encode() for text in texts for start in range(len(text) - 7)}
pattern = re.compile(b"|".join(map(re.escape, parts)))

with open(f"/proc/{process}/maps", encoding="utf-8") as maps, open(f"/proc/{process}/mem", "rb", 0) as memory:
    for line in maps:
        span, permissions, *rest = line.split()
        if permissions[0] != "r" or rest[-1] in ("[vvar]", "[vvar_vclock]", "[vsyscall]"):
            continue
        start, end = (int(bound, 16) for bound in span.split("-"))
        memory.seek(start)
        content = memory.read(end - start)
        for match in pattern.finditer(content):
            around = content[max(0, match.start() - 24) : match.end() + 24]
            print(f"{start + match.start():#x} {rest[-1]} {around!r}")
