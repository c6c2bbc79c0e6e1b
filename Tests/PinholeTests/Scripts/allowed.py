# SPDX-License-Identifier: GPL-2.0-or-later
"""allowed.py UNIT CALLS: says whether there are many system calls in a file, which of them the unit's SystemCallFilter= does not
let pass, and whether it lets ptrace(2) pass."""

import subprocess
import sys

sets, name = {}, None
listing = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True).stdout
for line in listing.splitlines():
    if line.startswith("@"):
        name = line
        sets[name] = set()
    elif name and line.strip() and not line.strip().startswith("#"):
        sets[name].add(line.strip())


def expand(word):
    if not word.startswith("@"):
        return {word}
    return set().union(*(expand(member) for member in sets[word]))


allowed = expand("@default")
for line in open(sys.argv[1]):
    if not line.startswith("SystemCallFilter="):
        continue
    value = line.strip().removeprefix("SystemCallFilter=")
    calls = set().union(*(expand(word) for word in value.lstrip("~").split()))
    allowed = allowed - calls if value.startswith("~") else allowed | calls
made = set(open(sys.argv[2]).read().split())
print(len(made) > 30, sorted(made - allowed), "ptrace" in allowed)
