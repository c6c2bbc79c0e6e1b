# SPDX-License-Identifier: GPL-2.0-or-later
"""examples.py PINHOLE|-: plays dialogues through the gateway and says what became of each.

Standard input is a JSON array of `{"dialled", "server", "steps": [{"side", "segments", "isWatched"}]}`; each is a control
connection of its own, each segment goes out on its own. PINHOLE is the program to ask what is expected, `-` asks the
kernel. Writes a JSON array of `{"arrivals", "expected", "refused"}`: for each watched step `passed`, `rewritten` or
`never arrived`; the ports for which data connections are expected at the end; Pinhole's names for what it refused.
"""

import json
import re
import socket
import struct
import subprocess
import sys
import time

from ends import connect
from pieces import send_pieces

# Seconds after which a line that the kernel drops will not come any more: TCP has sent it again twice by then.
DROPPED = 0.9
# The same where it has to come.
TIMEOUT = 30
pinhole = sys.argv[1]


def ask(*words):
    words = ["ip", "netns", "exec", "gateway", *words]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def report(subcommand):
    return json.loads(ask(pinhole, subcommand, "--json"))


def expected_ports():
    if pinhole == "-":
        lines = ask("conntrack", "-L", "expect").splitlines()
        return [int(port) for line in lines for port in re.findall(r" dport=(\d+) ", line)[:1]]
    return [int(expectation["to"].rpartition(":")[2]) for expectation in report("expectations")]


def forget():
    """Lets nothing of one dialogue be there in the next."""
    if pinhole == "-":
        ask("conntrack", "-F", "expect")
        ask("conntrack", "-F")
        return
    deadline = time.monotonic() + 30
    while report("connections"):
        if time.monotonic() > deadline:
            sys.exit("a connection that was reset is still there")


def refusals():
    return {} if pinhole == "-" else report("stats")["refused"]


def arrival(receiver, text, timeout):
    """Reads as many lines as `text` has, and compares."""
    received = b""
    deadline = time.monotonic() + timeout
    while received.count(b"\n") < text.count(b"\n"):
        receiver.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            part = receiver.recv(65536)
        except TimeoutError:
            return "never arrived"
        if not part:
            return "never arrived"
        received += part
    return "passed" if received == text else "rewritten"


def play(example):
    before = refusals()
    client, server = connect(example["server"], example["dialled"])
    arrivals = []
    for step in example["steps"]:
        sender, receiver = (client, server) if step["side"] == "client" else (server, client)
        segments = [segment.encode() for segment in step["segments"]]
        send_pieces(sender, segments)
        timeout = DROPPED if pinhole == "-" and step["isWatched"] else TIMEOUT
        seen = arrival(receiver, b"".join(segments), timeout)
        if step["isWatched"]:
            arrivals.append(seen)
        elif seen != "passed":
            sys.exit(f"{step} {seen}")
    after = refusals()
    result = {
        "arrivals": arrivals,
        "expected": expected_ports(),
        "refused": [name for name in after if after[name] > before[name]],
    }
    for end in (client, server):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()
    forget()
    return result


print(json.dumps([play(example) for example in json.load(sys.stdin)]))
