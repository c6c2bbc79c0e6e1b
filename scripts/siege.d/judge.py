# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what was opened with what the honest end has really announced."""

import re
from dataclasses import dataclass, field

ACTIVE, PASSIVE = ("PORT", "EPRT", "LPRT"), ("PASV", "EPSV", "LPSV")

# A line that announces a port, or asks for one, from anywhere in it on.
_SIX = rb"[ \t(=]*\d+(?:,[ \t]*\d+){3},[ \t]*(\d+),[ \t]*(\d+)"
_PORT = re.compile(rb"(?:PORT|227)[^\n]*?" + _SIX, re.I)
_EPRT = re.compile(rb"(?:EPRT[ \t]+(.)\d\1[^\n]*?\1|229[^\n]*?(.)\2\2)(\d+)", re.I)
_ASKS = re.compile(rb"PASV|EPSV|LPSV|P@SW", re.I)


@dataclass
class Said:
    """The text of an honest end in its connections with one attacker, and the attacker's role."""

    side: str  # which of the two is honest
    client: str
    server: str
    text: bytearray = field(default_factory=bytearray)
    announced: set = field(default_factory=set)
    # How often it has asked for an announcement, and how many were opened since.
    asked: int = 0
    answered: int = 0
    # A daemon may have had to take the connection for one that began before it, and read it from anywhere on.
    may_be_adopted: bool = False
    # The gateway may have opened something twice, for what befell it.
    is_disturbed: bool = False


@dataclass(frozen=True)
class Opening:
    """A pinhole: from the address that its packets leave, to the address and the port that they arrive at in the end."""

    kind: str
    source: str
    address: str
    port: str  # or more than one, as text

    @staticmethod
    def reported(report):
        """Reads an opening from the daemon's JSON."""
        address, _, port = report["translated"]["to"].rpartition(":")
        return Opening(report["kind"], report["from"], address.strip("[]"), port)

    def __str__(self):
        return f"{self.kind} opens {self.address} port {self.port} to {self.source}"


def complaint(said, opening):
    """The error in an opening, as a sentence; `None` if it is right.

    To an honest end only what that has announced may be opened. Whoever is not honest may be reached as it likes, if it is
    a client, or if the honest client has asked it where to, once for each time that it has.
    """
    is_active = opening.kind in ACTIVE
    near, far = (said.client, said.server) if is_active else (said.server, said.client)
    if not is_active and opening.kind not in PASSIVE:
        return f"{opening}, and nobody here asks for that"
    if (opening.address, opening.source) != (near, far):
        return f"{opening}, between {near} and {far}"
    if is_active == (said.side == "client"):
        if opening.port in map(str, said.announced) or said.may_be_adopted and _names(said.text, opening.port):
            return None
        return f"{opening}, which the honest {said.side} has never announced"
    if said.side == "server" or said.asked > said.answered or said.asked and said.is_disturbed:
        return None
    if said.may_be_adopted and _ASKS.search(said.text):
        return None
    return f"{opening}, and the honest client has asked {said.asked} times, to be answered {said.answered} times already"


def _names(text, port):
    """Tells whether there is a line that announces a port, wherever in the line one begins to read."""
    for line in bytes(text).split(b"\n"):
        for start in range(len(line)):
            if line[start : start + 1] not in b"PpEe2":
                continue
            for found in (_PORT.match(line, start), _EPRT.match(line, start)):
                if found and port == str(
                    int(found[3]) if found.re is _EPRT else int(found[1]) << 8 | int(found[2])
                ):
                    return True
    return False


def prove():
    """Tests the judge with right and wrong openings; fails if it confuses them."""
    client, server = "10.4.0.1", "10.7.0.1"
    browser = Said("client", client, server, bytearray(b"POST / HTTP/1.1\r\n\r\nPORT 10,4,0,1,19,137\r\n"))
    adopted = Said("client", client, server, browser.text, may_be_adopted=True)
    extended = Said("client", "fd04::1", "fd07::1", bytearray(b"aEPRT |2|fd04::1|5001|\r\n"), may_be_adopted=True)
    active = Said("client", client, server, announced={20001})
    asking = Said("client", client, server, asked=2, answered=1)
    answered = Said("client", client, server, asked=1, answered=1)
    ftp_server = Said("server", client, server, announced={30001})
    to_client = Opening("PORT", server, client, "5001")
    to_server = Opening("PASV", client, server, "3306")
    cases = [
        (browser, to_client, False),
        (browser, to_server, False),
        (adopted, to_client, True),
        (adopted, Opening("PORT", server, client, "5002"), False),
        (adopted, to_server, False),
        (extended, Opening("EPRT", "fd07::1", "fd04::1", "5001"), True),
        (extended, Opening("EPRT", "fd07::1", "fd04::1", "500"), False),
        (active, to_client, False),
        (active, Opening("PORT", server, client, "20001"), True),
        (active, Opening("PORT", server, "10.4.0.2", "20001"), False),
        (active, Opening("PORT", "10.7.0.2", client, "20001"), False),
        (active, to_server, False),
        (asking, to_server, True),
        (asking, to_client, False),
        (answered, to_server, False),
        (ftp_server, to_client, True),
        (ftp_server, to_server, False),
        (ftp_server, Opening("PASV", client, server, "30001"), True),
        (ftp_server, Opening("PASV", "10.4.0.2", server, "30001"), False),
        (ftp_server, Opening("FTPS", client, server, "30001"), False),
    ]
    for said, opening, is_right in cases:
        if (complaint(said, opening) is None) != is_right:
            raise SystemExit(f"siege: the judge is wrong: {opening}, to {said}")
