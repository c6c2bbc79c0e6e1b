# SPDX-License-Identifier: GPL-2.0-or-later
"""A session: an honest end with a socket of its kernel, and an attacker that sends it and the gateway what it likes.

The attacker knows all that the honest end does, and has no power over it but by the rules of TCP, and over what it says but
as a page, a file name or a command has it. Everything it does comes of the session's seed; only time is not of its choosing.
"""

import errno
import random
import re
import socket
import struct
import time
from dataclasses import replace

from honest import FTPClient, FTPServer, LOGIN, Utterance, WebClient
from judge import Said
from lab import HONEST_CLIENT, HONEST_SERVER, KNOWN, LOSSES, RAW_CLIENT, RAW_SERVER, address
from packets import ACK, FIN, LARGEST, PSH, RST, SYN, URG, Segment, fragments, parse

TFO_COOKIE = b"\x22\x0acookie!!\1\1"
MD5 = b"\x13\x12" + b"\0" * 16 + b"\1\1"
MSG_FASTOPEN, TCP_FASTOPEN_NO_COOKIE = 0x20000000, 34
# Where the honest end's text contains words that the attacker has chosen.
MARK = re.compile(rb"PORT |EPRT |USER |PASS |227 |229 ", re.I)
SETTLED, WHILE, UNTIL_AGAIN = 0.001, 0.02, 0.26  # after something came, for something to come, for a retransmission
HEADS = [
    b"POST / HTTP/1.1\r\nHost: x:21\r\n\r\n",
    b"USER / HTTP/1.1\r\nHost: x:21\r\n\r\n",
    b"PORT /10,1,0,2,19,137 HTTP/1.1\r\nHost: x:21\r\n\r\n",
    b"PASS /a HTTP/1.0\r\nX: USER a\r\n\r\n",
    b"EHLO x\r\n",
    b"NICK USER\r\n",
]


def client_hello(ticket):
    """The first record of TLS, with a session ticket that somebody else has chosen."""
    body = b"\1\0\0" + bytes([len(ticket) & 255]) + ticket
    return b"\x16\3\1" + struct.pack("!H", len(body)) + body


class Session:
    """A session, from its first packet to its last.

    `stage` is where it is played: it has `transmit`, `watch`, `unwatch` and `interfere`.
    """

    def __init__(self, stage, seed, number):
        self.stage, self.seed = stage, seed
        rng = self.rng = random.Random(seed)
        # The honest end has its own source of random numbers, since the order of the two ends depends on timing.
        self.taste = random.Random(f"taste of {seed}")
        self.is_ipv6 = rng.random() < 0.3
        self.is_snat, self.is_dnat = rng.random() < 0.35, rng.random() < 0.25
        self.is_strict = rng.random() < 0.2
        self.side = "client" if rng.random() < 0.6 else "server"
        self.is_control = rng.random() < 0.125
        self.wildness = 0 if self.is_control else rng.choice([0.03, 0.1, 0.25, 0.5, 1])
        where = number, self.is_snat, self.is_strict, self.is_ipv6
        is_client = self.side == "client"
        self.client = address(HONEST_CLIENT if is_client else RAW_CLIENT, *where)
        role = RAW_SERVER if is_client else HONEST_SERVER
        self.server = address(role, *where)
        self.dialled = address(role + KNOWN, *where) if self.is_dnat else self.server
        family = socket.AF_INET6 if self.is_ipv6 else socket.AF_INET
        self.client, self.server, self.dialled = (
            socket.inet_ntop(family, socket.inet_pton(family, name))
            for name in (self.client, self.server, self.dialled)
        )
        self.family = family
        self.said = Said(self.side, self.client, self.server)
        self.log = []
        self.begun = time.monotonic()
        self.wake, self.is_over = 0.0, False
        self.expected = self.openings = 0
        self.is_found = False
        self.is_unseen = False  # its handshake passed while no daemon was there, or in a way that none follows
        self.client_port = rng.randrange(10000, 60000)
        self.socket = None
        self.connections = 0
        self.mss = 1460 if self.is_control else rng.choice([1460, 1460, 1460, 536, 120, 88, 64])
        self._choose_words()
        self._choose_application()
        self.opens_fast = isinstance(self.application, WebClient) and rng.random() < 0.1
        self._forget_connection()

    def __str__(self):
        nat = " and ".join(name for name, has in (("SNAT", self.is_snat), ("DNAT", self.is_dnat)) if has) or "no NAT"
        what = "a control" if self.is_control else f"wildness {self.wildness}"
        return (
            f"{self.client} port {self.client_port} to {self.dialled} ({self.server}), {nat}"
            f"{', strict' if self.is_strict else ''}, honest {type(self.application).__name__}, MSS {self.mss}, {what}"
        )

    def note(self, text):
        """Writes something into the session's log."""
        self.log.append((time.monotonic(), text))

    # Text

    def _port_line(self, name, port):
        if self.is_ipv6:
            return f"EPRT |2|{name}|{port}|".encode()
        if self.taste.random() < 0.1:
            return f"EPRT |1|{name}|{port}|".encode()
        return f"PORT {name.replace('.', ',')},{port >> 8},{port & 255}".encode()

    def _passive_reply(self, port, is_extended=None):
        if self.is_ipv6 if is_extended is None else is_extended:
            return b"229 ok (|||%d|)" % port
        return f"227 ok ({self.server.replace('.', ',')},{port >> 8},{port & 255})".encode()

    def _choose_words(self):
        taste = self.taste
        self.client_quote = client = self._port_line(self.client, 5001)
        self.server_quote = server = self._passive_reply(3306)
        self.asks = asks = b"EPSV\r\n" if self.is_ipv6 else taste.choice([b"PASV\r\n", b"PASV\r\n", b"EPSV\r\n"])
        if self.side == "server":
            pad = b"a" * self._padding()
            self.lines = [line % {b"s": server, b"c": client, b"a": asks, b"p": pad} for line in CLIENT_LINES]
        else:
            self.lines = [line % {b"s": server, b"c": client} for line in SERVER_LINES]

    def _padding(self):
        """So many bytes before a quotation, so that the quotation may begin a segment."""
        sizes = [0, 1, 2, 3, 8, 15, 35, 80, 95, 300, 1400, 1460, 4080, 4096]
        return self.taste.choice([self.taste.choice(sizes), self.mss * self.taste.randrange(1, 3) - 5])

    def _choose_application(self):
        taste = self.taste
        if self.side == "server":
            quoting = taste.choice(["marked", "padded", "bare"])
            accepts = self.is_control or taste.random() < 0.8
            self.application = FTPServer(quoting, accepts, self._announcement)
        elif self.is_control:
            own = self._port_line(self.client, port := self._new_port())
            commands = [Utterance(b"NOOP\r\n"), Utterance(own + b"\r\n", port), Utterance(self.asks, asks=True)]
            self.application = FTPClient(commands)
        elif taste.random() < 0.45:
            self.application = WebClient([self._request() for _ in range(taste.randrange(1, 3))])
        else:
            kind = taste.random()
            hello = client_hello(self.client_quote) if kind < 0.1 else None
            self.application = FTPClient([self._command() for _ in range(5)], kind > 0.75, hello)

    def _new_port(self):
        return self.taste.randrange(20000, 60000)

    def _announcement(self, is_extended):
        port = self._new_port()
        if not is_extended and self.is_ipv6:
            return Utterance(b"522 use EPSV\r\n")
        return Utterance(self._passive_reply(port, is_extended) + b"\r\n", port)

    def _request(self):
        """A request whose body a page has chosen."""
        taste = self.taste
        quote = self.client_quote + b"\r\n"
        # Most of them hold what an attack needs, from there on where the server takes them up.
        body = b"USER a\r\nPASS b\r\n" + quote if taste.random() < 0.7 else b""
        parts = [b"USER a\r\n", b"PASS b\r\n", b"USER a\r\nPASS b\r\n", b"\r\n", b"NOOP\r\n", quote, quote]
        for _ in range(taste.randrange(4)):
            body += taste.choice([*parts, b"a" * self._padding()])
        if taste.random() < 0.1:
            return client_hello(body)
        return taste.choice([HEADS[0], taste.choice(HEADS)]) + body

    def _command(self):
        """A command whose path somebody else has chosen, or one of the client's own."""
        taste, kind = self.taste, self.taste.randrange(10)
        if kind < 2:
            port = self._new_port()
            return Utterance(self._port_line(self.client, port) + b"\r\n", port)
        if kind < 3:
            return Utterance(self.asks, asks=True)
        if kind < 4:
            return Utterance(b"NOOP\r\n")
        quote = taste.choice([self.client_quote, self.client_quote, b"USER a", self.server_quote])
        return Utterance(taste.choice([b"RETR ", b"CWD ", b"SIZE ", b"STOR "]) + b"a" * self._padding() + quote + b"\r\n")

    # The honest end

    def dial(self):
        """The honest client connects, from where it was before if it has been."""
        end = self.stage.open(self.family)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._take(end)
        try:
            end.bind((self.client, self.client_port))
            if not self.opens_fast:
                end.connect_ex((self.dialled, 21))
                return
            end.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1)
            self.has_begun = True
            for utterance in self.application.begin():
                count = end.sendto(utterance.text, MSG_FASTOPEN, (self.dialled, 21))
                utterance.text = utterance.text[:count]
                self._has_said(utterance)
            self.note("with fast open")
        except OSError as error:
            self.note(f"the client cannot connect: {error.strerror}")
            self._drop()

    def accept(self, end):
        """The honest server's end of a connection."""
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._drop()
        if self.connections:
            self._choose_application()
        self.has_begun = False
        self._take(end)
        self._set_loss()
        self._is_connected()

    def _take(self, end):
        end.setblocking(False)
        self.socket = end
        self.is_connected = False
        self.connections += 1
        self.stage.watch(self, end)

    def _drop(self, is_abrupt=True):
        if self.socket is None:
            return
        self.stage.unwatch(self.socket)
        if is_abrupt:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
        self.socket = None

    def _is_connected(self):
        self.is_connected = True
        self.is_unseen |= self.stage.is_daemon_down
        self.note(f"the {self.side} is connected")
        if not self.has_begun:
            self.has_begun = True
            self._say(self.application.begin())

    def on_socket(self):
        """The honest end's socket has become ready."""
        if not self.is_connected:
            error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                self.note(f"the {self.side} is not connected: {errno.errorcode[error]}")
                self._drop()
                return
            self.stage.watch(self, self.socket, is_connected=True)
            self._is_connected()
            return
        try:
            while self.socket is not None and (data := self.socket.recv(1 << 16)):
                self._say(self.application.hear(data))
            if self.socket is not None:
                self.note(f"the {self.side} sees the end")
                self._drop(is_abrupt=False)
        except BlockingIOError:
            pass
        except OSError as error:
            self.note(f"the {self.side} is cut off: {error.strerror}")
            self._drop()

    def _say(self, utterances):
        for utterance in utterances:
            if self.socket is None:
                return
            try:
                count = self.socket.send(utterance.text)
            except OSError as error:
                self.note(f"the {self.side} cannot speak: {error.strerror}")
                return
            utterance.port = utterance.port if count == len(utterance.text) else 0
            utterance.text = utterance.text[:count]
            self._has_said(utterance)
            if utterance.is_last:
                self.socket.shutdown(socket.SHUT_WR)

    def _has_said(self, utterance):
        self.note(f"the {self.side} says {utterance.text[:300]!r}")
        self.said.text += utterance.text
        self.said.asked += utterance.asks
        if utterance.port:
            self.said.announced.add(utterance.port)
        self.expected += bool(utterance.port) + utterance.asks
        offset = len(self.text)
        self.text += utterance.text
        self.marks += [offset + found.start() for found in MARK.finditer(utterance.text)]

    def _set_loss(self, loss=None):
        """Lets the gateway lose the honest end's next packets."""
        if loss is not None:
            self.loss = loss
            self.note(f"the {self.side}'s packets get lost: {LOSSES[loss]}")
        if self.socket is not None:
            # IP_TOS, IPV6_TCLASS
            self.socket.setsockopt(*((socket.IPPROTO_IPV6, 67) if self.is_ipv6 else (socket.IPPROTO_IP, 1)), self.loss)

    # Results

    def _forget_connection(self):
        self.loss = 0
        self.is_connected = False
        self.initial = self.rng.randrange(1 << 32)
        self.next = self.initial  # the attacker's next byte, as the honest end has it
        self.far_initial = None  # the honest end's first number
        self.got = 0  # up to which the attacker has the honest end's stream, and the furthest that it has seen of it
        self.furthest = 0
        self.pieces = {}
        self.far_flags = 0
        self.text = b""
        self.marks = []  # where something begins that it has chosen: in the text, and as numbers of what has come
        self.seen_marks = []
        self.has_begun = False
        self.sent = []
        self.limit = None
        self.stamp = None
        self.arrivals = 0

    def receive(self, packet, segment):
        """A packet of the honest end's has come to the attacker."""
        self.log.append((time.monotonic(), packet, "<"))
        self.arrivals += 1
        if segment.ports[1] != (self.client_port if self.side == "server" else 21):
            return
        if self.side == "client" and segment.flags & (SYN | ACK) == SYN and segment.sequence != self.far_initial:
            self.far = segment.source
            self.far_port = segment.ports[0]
        if segment.flags & SYN:
            if self.far_initial != segment.sequence:
                self.far_initial = segment.sequence
                self.got = self.furthest = segment.sequence + 1 & 0xFFFFFFFF
                self.pieces = {}
            self.stamp = b"\x08\x0a" in segment.options
        self.far_flags |= segment.flags
        if self.far_initial is None:
            return
        if segment.flags & ACK and not segment.flags & RST:
            self.next = segment.acknowledgement
        start = segment.sequence + (segment.flags & SYN != 0)
        end = start + len(segment.payload) + (segment.flags & FIN != 0) & 0xFFFFFFFF
        if 0 < end - self.furthest & 0xFFFFFFFF < 1 << 30:
            self.furthest = end
        if segment.payload or segment.flags & FIN:
            self.pieces[start & 0xFFFFFFFF] = end
            self.seen_marks += [start + found.start() for found in MARK.finditer(segment.payload)]
            self._close_up()
        self.wake_soon()

    def _close_up(self):
        is_longer = True
        while is_longer:
            is_longer = False
            for start, end in list(self.pieces.items()):
                if self.got - start & 0xFFFFFFFF < 1 << 30:
                    del self.pieces[start]
                    if 0 < end - self.got & 0xFFFFFFFF < 1 << 30:
                        self.got = end
                        is_longer = True

    def wake_soon(self):
        if self.is_patient:
            self.stage.wake(self, time.monotonic() + SETTLED)

    # The attacker's packets

    def _segment(self, flags, payload=b"", **changes):
        """A segment as an honest end would send it now."""
        own = self.packed_client if self.side == "server" else self.packed_server
        ports = (self.client_port, 21) if self.side == "server" else (21, self.far_port)
        segment = Segment(own, self.far, ports, self.next, self.got if flags & ACK else 0, flags, payload)
        if flags & SYN:
            segment.options = self._syn_options()
        for name, value in changes.items():
            setattr(segment, name, value)
        if "window" not in changes and self.limit is not None:
            room = self.limit - segment.acknowledgement & 0xFFFFFFFF
            segment.window = min(LARGEST, room) if room < 1 << 31 else 0
        return segment

    def _syn_options(self):
        options = struct.pack("!BBH", 2, 4, self.mss)
        if self.has_sack:
            options += b"\4\2\1\1"
        if self.has_stamps and self.stamp is not False:
            options += b"\1\1\x08\x0a" + struct.pack("!II", 1 << 20, 0)
        return options

    def _send(self, segment, death=None):
        """Sends a segment. What it dies of is what keeps the honest end from taking it, though the gateway sees it."""
        if len(self.sent) == 8:
            self.sent.pop(0)
        self.sent.append(segment)
        self._pass_unseen(segment)
        if death == "MD5":
            segment = replace(segment, options=(segment.options if len(segment.options) <= 20 else b"") + MD5)
        self._emit(segment.packet(1 if death == "TTL" else 64, death == "checksum"))

    def _pass_unseen(self, segment):
        """Takes notice of a handshake that no daemon may see."""
        if self.stage.is_daemon_down and segment.flags & SYN:
            self.is_unseen = True

    def _emit(self, packet):
        self.log.append((time.monotonic(), packet, ">"))
        self.stage.transmit(self.side, packet)

    def _death(self):
        return self.rng.choice(["TTL", "TTL", "TTL", "checksum", "MD5"])

    def _send_in_pieces(self, segment):
        size = self.rng.choice([24, 48, 256, 1400]) if len(segment.payload) < 3000 else 1400
        self._pass_unseen(segment)
        pieces = list(fragments(segment, size, identification=self.rng.randrange(65536)))
        if self.rng.random() < 0.3:
            self.rng.shuffle(pieces)
        for piece in pieces:
            self._emit(piece)

    # Moves; each yields for how long, at most, it waits for a packet

    def play(self):
        self.has_sack, self.has_stamps = self.rng.random() < 0.5, self.rng.random() < 0.15
        self.packed_client = socket.inet_pton(self.family, self.client)
        self.packed_server = socket.inet_pton(self.family, self.server)
        yield from self._begin()
        acts = 14 if self.is_control else self.rng.choice([8, 12, 16, 30])
        for _ in range(acts):
            if self.socket is None and (self.is_connected or self.side == "client"):
                if self.is_control or self.rng.random() < 0.8:
                    break
                yield from self._begin_anew()
            if self.rng.random() < self.wildness:
                yield from self._act()
            else:
                yield from self._cooperate()
            if self.is_control and self.expected > 1 and self.openings >= self.expected:
                break
        yield WHILE

    def _begin(self):
        if self.side == "client":
            self.far, self.far_port = self.packed_client, self.client_port
            self.dial()
            yield from self._until(lambda: self.far_initial is not None, 1.3)
            if self.far_initial is None:
                self._drop()
                return
        else:
            self.far = socket.inet_pton(self.family, self.dialled)
        ways = SERVER_BEGINNINGS if self.side == "client" else CLIENT_BEGINNINGS
        way = ways[0] if self.is_control or self.rng.random() < 0.3 else self.rng.choice(ways)
        self.note(f"begins: {way.__name__.strip('_').replace('_', ' ')}")
        yield from way(self)

    def _begin_anew(self):
        """Another connection between the same ports."""
        self.note("anew")
        self._drop()
        self._forget_connection()
        if self.side == "client":
            self._choose_application()
        yield from self._begin()

    def _until(self, condition, timeout):
        end = time.monotonic() + timeout
        while not condition() and (rest := end - time.monotonic()) > 0:
            yield rest

    def _sleep(self, seconds):
        """Waits, whatever comes."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            yield -rest

    def _cooperate(self, line=None):
        """Acts like an honest end, and waits for the answer."""
        if line is None:
            line = self._useful_line()
        arrivals = self.arrivals
        if self.is_connected:
            self._send(self._segment(ACK | PSH, line))
        elif self.side == "client":
            self._send(self._segment(SYN | ACK, sequence=self.initial, acknowledgement=(self.far_initial or 0) + 1))
        elif self.far_initial is None:
            self._send(self._segment(SYN, sequence=self.initial))
        else:
            self._send(self._segment(ACK))
        yield from self._until(lambda: self.arrivals > arrivals, WHILE * (10 if self.is_control else 1))
        if self.is_control:
            # The answer may be in two packets; a duplicate does no harm.
            yield from self._sleep(0.005)

    def _useful_line(self):
        line = self.application.awaited()
        if line is None:
            line = self.asks if self.side == "server" else self._passive_reply(self._new_port(), self._is_asked_extended())
            line = line if line.endswith(b"\n") else line + b"\r\n"
        if not self.is_control and self.rng.random() < 0.35:
            line = self._line()
        return line

    def _is_asked_extended(self):
        return self.asks == b"EPSV\r\n"

    def _line(self):
        """Its text: a line of a client or a server, a part of a line, or arbitrary bytes."""
        line, kind = self.rng.choice(self.lines), self.rng.random()
        if kind < 0.75:
            return line
        if kind < 0.95:
            return line[: self.rng.randrange(len(line)) + 1]
        return self.rng.randbytes(self.rng.randrange(24))

    def _mark(self):
        """A number in the honest end's stream at which something begins that the attacker has chosen, if there is one."""
        first = (self.far_initial or 0) + 1
        # Behind a hole, if there is one.
        behind = [mark for mark in self.seen_marks if 0 < mark - self.got & 0xFFFFFFFF < 1 << 20]
        if behind and self.rng.random() < 0.7:
            return behind[-1]
        return self.rng.choice([first + offset for offset in self.marks[-8:]] + self.seen_marks[-8:] or [first])

    def _number(self, bases):
        deltas = [1, -1, 2, -2, 7, -7, 40, -40, 100, -100, 1000, -1000, 1 << 24, 1 << 30, -(1 << 30)]
        base = self.rng.choice(bases)
        return base + self.rng.choice(deltas) if self.rng.random() < 0.25 else base

    def _act(self):
        weights = [weight for weight, _ in ACTS]
        act = self.rng.choices([act for _, act in ACTS], weights)[0]
        self.note(act.__name__.strip("_").replace("_", " "))
        yield from act(self)

    def _answer_or_limit(self):
        self.limit = self._new_limit()
        yield from self._cooperate()

    def _acknowledge_with_limit(self):
        self.limit = self._new_limit()
        self._send(self._segment(ACK))
        yield WHILE

    def _new_limit(self):
        kind = self.rng.random()
        if kind < 0.4:
            return None
        return self._mark() if kind < 0.8 else self.furthest + self.rng.choice([0, 1, 7, 40])

    def _forge(self, death=None):
        """Sends anything."""
        rng = self.rng
        usual = [ACK, ACK | PSH] if self.is_connected else [SYN | ACK, SYN]
        unusual = [ACK, SYN | ACK, SYN, ACK | FIN, RST, RST | ACK, SYN | ACK | FIN, 0, ACK | PSH | URG, SYN | RST]
        flags = rng.choice(usual * 4 + unusual)
        far = self.far_initial or 0
        last = self.sent[-1] if self.sent else None
        segment = self._segment(
            flags,
            self._line() if rng.random() < 0.5 else b"",
            sequence=self._number(
                [self.next] * 4 + [self.initial, self.initial + 1, last.sequence + len(last.payload) if last else self.next]
            ),
            acknowledgement=self._number(
                [self.got, self.furthest, self.next, far, far + 1, self._mark(), far + 1 + len(self.text)]
            ),
        )
        if rng.random() < 0.15:
            segment.window = rng.choice([0, 1, 7, 100])
        if flags & SYN and rng.random() < 0.12:
            segment.options += TFO_COOKIE
        if rng.random() < 0.02:
            segment.payload += b"z" * (LARGEST - 60 - len(segment.options) - len(segment.payload))
        if death is None and (rng.random() < 0.1 or len(segment.payload) > 1400):
            self._send_in_pieces(segment)
        else:
            self._send(segment, death)
        yield rng.choice([0, WHILE, WHILE])

    def _forge_dying(self):
        yield from self._forge(self._death())

    def _acknowledge_mark(self):
        """Acknowledges up to where something begins that it has chosen, whatever has come of it."""
        flags = SYN | ACK if self.side == "client" and not self.is_connected else ACK
        segment = self._segment(flags, acknowledgement=self._mark())
        self._send(segment, self.rng.choice([None, None, self._death()]))
        yield WHILE

    def _repeat(self):
        """Sends again what it has sent before, or something else in its place."""
        if self.sent:
            segment = self.rng.choice(self.sent)
            if self.rng.random() < 0.5:
                segment.payload = self._line()
            if len(segment.payload) < 1400:
                self._send(segment, self.rng.choice([None, self._death()]))
        yield WHILE

    def _lose(self):
        """The path loses what the honest end says next, or a part of it."""
        self._set_loss(self.rng.choice([4, 4, 8]))
        for _ in range(self.rng.randrange(1, 3)):
            yield from self._cooperate()
        if self.rng.random() < 0.5:
            # Over the hole, to where something begins.
            yield from self._acknowledge_mark()
        if self.rng.random() < 0.5:
            yield from self._sleep(UNTIL_AGAIN)
        self._set_loss(0)
        yield WHILE

    def _go_ahead(self):
        """Sends its next two lines the wrong way round, the first perhaps never."""
        first, second = self._line(), self._line()
        self._send(self._segment(ACK | PSH, second[:1400], sequence=self.next + len(first)))
        if self.rng.random() < 0.7:
            yield self.rng.choice([0, WHILE])
            self._send(self._segment(ACK | PSH, first[:1400]), self.rng.choice([None, None, self._death()]))
        yield WHILE

    def _send_at_once(self):
        """Several lines in as many packets, without waiting."""
        at = self.next
        for _ in range(self.rng.randrange(2, 5)):
            line = self._line()[:1400]
            self._send(self._segment(ACK | PSH, line, sequence=at))
            at += len(line)
        yield WHILE

    def _say_in_pieces(self):
        """One line in segments of a few bytes."""
        at, line = self.next, self._useful_line()
        size = self.rng.choice([1, 2, 5]) if len(line) < 80 else 200
        for start in range(0, len(line), size):
            self._send(self._segment(ACK, line[start : start + size], sequence=at + start))
        yield WHILE

    def _let_out_in_turn(self):
        """Lets the honest end speak a line at a time, and says one itself before each."""
        yield from self._cooperate()
        for _ in range(self.rng.randrange(1, 4)):
            step = self.rng.choice([len(b"213-status of files:\r\n"), len(self.server_quote) + 2, 9, 1])
            self.limit = self.furthest + step & 0xFFFFFFFF
            line = self.asks if self.side == "server" and self.rng.random() < 0.5 else self._line()
            self._send(self._segment(ACK | PSH, line[:1400]))
            yield from self._sleep(UNTIL_AGAIN)
        self.limit = None
        self._send(self._segment(ACK))
        yield WHILE

    def _speak_for_the_other(self):
        """Writes a packet of the honest end's, as if that had sent it."""
        rng = self.rng
        quote = self.client_quote if self.side == "client" else self.server_quote
        segment = self._segment(
            ACK | PSH,
            rng.choice([b"", LOGIN[2]]) + quote + b"\r\n",
            sequence=self._number([self.furthest, self.got]),
            acknowledgement=self.next,
            window=LARGEST,
        )
        own = self.packed_client if self.side == "client" else self.packed_server
        segment.source, segment.destination = rng.choice([self.far, own]), segment.source
        segment.ports = segment.ports[::-1]
        self._send(segment, rng.choice([None, "TTL"]))
        yield WHILE

    def _outlive(self):
        """The connection ends as far as conntrack can tell, and that forgets it."""
        flags = self.rng.choice([RST | ACK, RST])
        self._send(self._segment(flags, acknowledgement=self.got), self.rng.choice(["TTL", "MD5"]))
        yield from self._sleep(11)

    def _wait(self):
        yield from self._sleep(UNTIL_AGAIN)

    def _interfere(self):
        """Something befalls the gateway: rarely what everybody there suffers from."""
        kind = self.rng.random()
        if kind < 0.8:
            self.stage.interfere(self, "conntrack forgets this", "-D", "-s", self.client)
        elif kind < 0.85:
            self.stage.interfere(self, "conntrack forgets all", "-F")
        elif kind < 0.89:
            self.stage.reload_rules(self)
        elif kind < 0.95:
            self.stage.kill_daemon(self, is_hard=self.rng.random() < 0.8, pause=self.rng.random() * 0.3)
        else:
            yield from self._sleep(16)
        yield from self._sleep(self.rng.choice([0.03, 0.3]))

    def _use_honest_end(self):
        kind = self.rng.random()
        if kind < 0.15 and self.socket is not None:
            self.note(f"the {self.side} closes")
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        elif kind < 0.25:
            self.note(f"the {self.side} aborts")
            self._drop()
        elif kind < 0.5 and (self.socket is None or kind < 0.4):
            yield from self._begin_anew()
        elif isinstance(self.application, FTPClient):
            self.application.commands.insert(0, self._command())
        yield 0

    # How a connection begins: a server's answers to the client's SYN, which has come

    def _answer_syn(self, accepts=None, **changes):
        """The SYN-ACK, which says that it has so much of what came with the SYN."""
        if accepts is None:
            count = self.furthest - self.far_initial - 1 & 0xFFFFFFFF
            accepts = self.rng.choice([count, 0, self.rng.randrange(count + 1)]) if self.opens_fast else 0
        acknowledgement = self.far_initial + 1 + accepts
        self.got = acknowledgement & 0xFFFFFFFF
        self._send(self._segment(SYN | ACK, sequence=self.initial, acknowledgement=acknowledgement, **changes))
        yield from self._until(lambda: self.is_connected, 0.1)

    def _plainly(self):
        yield from self._answer_syn()

    def _a_bare_acknowledgement_first(self):
        sequence, acknowledgement = (number + self.rng.randrange(2) for number in (self.initial, self.far_initial))
        self._send(self._segment(ACK, sequence=sequence, acknowledgement=acknowledgement))
        yield self.rng.choice([0, WHILE])
        yield from self._answer_syn()

    def _simultaneously(self, is_split=False):
        self.is_unseen = True
        if is_split:
            self._send(self._segment(ACK, sequence=self.initial + 1, acknowledgement=self.far_initial + 1))
        self._send(self._segment(SYN, sequence=self.initial))
        yield from self._until(lambda: self.far_flags & ACK, 0.1)
        self._send(self._segment(ACK, sequence=self.initial + 1, acknowledgement=self.far_initial + 1))
        yield from self._until(lambda: self.is_connected, 0.1)

    def _split(self):
        yield from self._simultaneously(is_split=True)

    def _with_a_giant(self):
        segment = self._segment(SYN | ACK, sequence=self.initial, acknowledgement=self.far_initial + 1)
        segment.payload = b"z" * (LARGEST - (20 if self.is_ipv6 else 40) - len(segment.options))
        self._pass_unseen(segment)
        for piece in fragments(segment, 1400):
            self._emit(piece)
        yield from self._until(lambda: self.is_connected, 0.1)

    def _with_a_lie(self):
        """A SYN-ACK that dies on the way says that the client's stream begins elsewhere; then perhaps an old ACK."""
        distance = self.rng.choice([-1000, -100, -1, 1, self._head_size(), self._head_size()])
        lie = self._segment(SYN | ACK, sequence=self.initial, acknowledgement=self.far_initial + 1 + distance)
        self._send(lie, self._death())
        yield self.rng.choice([0, WHILE])
        yield from self._answer_syn()
        if self.rng.random() < 0.6:
            self._send(self._segment(ACK, acknowledgement=self.far_initial + 1 + distance + self.rng.randrange(2)))
        yield 0

    def _head_size(self):
        """The offset in the client's text at which a quotation would begin."""
        commands = getattr(self.application, "requests", None) or [b""]
        return max(1, commands[-1].find(b"USER a"))

    def _with_a_twin(self):
        """A SYN-ACK of another connection dies on the way."""
        sequence = self._number([self.initial + 5000, self.initial])
        twin = self._segment(SYN | ACK, sequence=sequence, acknowledgement=self.far_initial + 1)
        self._send(twin, self._death())
        yield 0
        yield from self._answer_syn()

    def _with_a_stillbirth(self):
        """Packets that end the connection are lost on the way."""
        flags = self.rng.choice([RST | ACK, RST, FIN | ACK, SYN | ACK | FIN, SYN | RST])
        end = self._segment(flags, sequence=self.initial, acknowledgement=self.far_initial + 1)
        self._send(end, self._death())
        yield self.rng.choice([0, WHILE])
        yield from self._answer_syn()

    def _talking_first(self):
        """The server's lines come in front of its SYN-ACK, or with it."""
        line = self._line()[:1400]
        if self.rng.random() < 0.5:
            self._send(self._segment(ACK | PSH, line, sequence=self.initial + 1, acknowledgement=self.far_initial + 1))
            yield from self._answer_syn()
        else:
            yield from self._answer_syn(payload=line)

    def _at_random(self):
        for _ in range(self.rng.randrange(1, 4)):
            yield from self._forge(self.rng.choice([None, self._death()]))
        if self.side == "client" and self.far_initial is not None:
            yield from self._answer_syn()
        else:
            yield from self._knock()

    def _narrowly(self):
        """The client may send only the text before a quotation."""
        yield from self._answer_syn(window=self.rng.choice([0, 1, self._head_size()]))

    # and a client's ways to begin

    def _knock(self, **changes):
        self._send(self._segment(SYN, sequence=self.initial, **changes))
        yield from self._until(lambda: self.far_initial is not None, 0.1)
        if self.far_initial is not None:
            self._send(self._segment(ACK, sequence=self.initial + 1))
            yield from self._until(lambda: self.is_connected and self.text, 0.1)

    def _knock_with_words(self):
        options = self._syn_options() + (TFO_COOKIE if self.rng.random() < 0.6 else b"")
        self.is_unseen = True
        yield from self._knock(payload=self._line()[:1000], options=options)

    def _knock_twice(self):
        self._send(self._segment(SYN, sequence=self._number([self.initial + 5000, self.initial])), self._death())
        yield 0
        yield from self._knock()

    def _knock_late(self):
        """Something else comes first."""
        flags = self.rng.choice([ACK, ACK | PSH, SYN | ACK, RST, FIN | ACK])
        payload = self._line()[:1400] if flags & PSH else b""
        self._send(self._segment(flags, payload, sequence=self.initial + 1), self.rng.choice([None, self._death()]))
        yield self.rng.choice([0, WHILE])
        yield from self._knock()

    def _knock_and_lie(self):
        """The last packet of the handshake is one that dies, and says something else."""
        self._send(self._segment(SYN, sequence=self.initial))
        yield from self._until(lambda: self.far_initial is not None, 0.1)
        if self.far_initial is None:
            return
        lie = self._segment(
            self.rng.choice([ACK, ACK | PSH, RST, FIN | ACK, SYN]),
            self.rng.choice([b"", self._line()[:1000]]),
            sequence=self._number([self.initial + 1]),
            acknowledgement=self._number([self.got, self._mark()]),
        )
        self._send(lie, self._death())
        yield self.rng.choice([0, WHILE])
        yield from self._knock()

    # The end

    def end(self):
        """Everybody goes."""
        self.is_over = True
        if self.socket is not None:
            self._drop()
        elif self.far_initial is not None:
            self._emit(self._segment(RST | ACK).packet())

    def forget(self):
        """Lets go of what takes room; what it has said remains."""
        self.log, self.sent, self.lines, self.text = [], [], [], b""
        self.rng = self.taste = self.application = self.script = None


SERVER_BEGINNINGS = [
    Session._plainly,
    Session._a_bare_acknowledgement_first,
    Session._simultaneously,
    Session._split,
    Session._with_a_giant,
    Session._with_a_lie,
    Session._with_a_lie,
    Session._with_a_twin,
    Session._with_a_stillbirth,
    Session._talking_first,
    Session._narrowly,
    Session._at_random,
]
CLIENT_BEGINNINGS = [
    Session._knock,
    Session._knock_with_words,
    Session._knock_twice,
    Session._knock_late,
    Session._knock_and_lie,
    Session._at_random,
]
ACTS = [
    (2, Session._answer_or_limit),
    (2, Session._acknowledge_with_limit),
    (4, Session._forge),
    (4, Session._forge_dying),
    (3, Session._acknowledge_mark),
    (2, Session._repeat),
    (3, Session._lose),
    (2, Session._go_ahead),
    (2, Session._send_at_once),
    (1, Session._say_in_pieces),
    (0.3, Session._let_out_in_turn),
    (1, Session._speak_for_the_other),
    (0.5, Session._wait),
    (0.05, Session._interfere),
    (0.03, Session._outlive),
    (1, Session._use_honest_end),
]

# %(c)s and %(s)s are what an attacker would like to be taken for a line of the client's, and of the server's.
CLIENT_LINES = [
    b"USER a\r\n",
    b"PASS b\r\n",
    b"%(a)s",
    b"USER a\r\nPASS b\r\n",
    b"CWD %(s)s\r\n",
    b"XYZ %(s)s\r\n",
    b"STAT %(s)s\r\n",
    b"STAT a%(s)s\r\n",
    b"STAT 213 end|%(s)s|500 x|%(s)s\r\n",
    b'RETR a"%(s)s\r\n',
    b"NOOP\r\n",
    b"%(c)s\r\n",
    b"%(a)s%(a)s%(a)s",
    b"CWD x\r\n%(a)s",
    b"%(a)sCWD x\r\n",
    b"%(a)sSTAT %(s)s\r\n",
    b"%(a)sXYZ %(p)s%(s)s\r\n",
    b"%(a)sRETR %(p)s%(s)s\r\n",
    b"CWD %(s)s\r\n%(a)s",
    b"STAT a|%(s)s|500 x\r\n%(a)s",
    b"%(a)sSTAT 213 x|%(s)s|213 end|%(s)s\r\n",
    b"USER %(s)s\r\n",
    b"HELP\r\n",
    b"REIN\r\n",
    b"ABOR\r\n",
    b"QUIT\r\n",
    b"AUTH TLS\r\n",
    b"CWD aaaaaaaaaaaaaaaaaaaa",
    b"\r\n",
    b"%(s)s",
    b"%(s)s\r\n",
    b"LIST\r\n",
    b"EPSV\r\n",
    b"EPSV ALL\r\n",
    b"POST / HTTP/1.1\r\n",
    b"XYZ %(p)s%(s)s\r\n",
    client_hello(b"x").replace(b"%", b"%%"),
]
SERVER_LINES = [
    b"220 hi\r\n",
    b"331 pw\r\n",
    b"230 in\r\n",
    b"200 ok\r\n",
    b"220 hi\r\n331 pw\r\n230 in\r\n",
    b"220 hi\r\n331 pw\r\n230 in\r\n200 ok\r\n200 ok\r\n",
    b"331 pw\r\n230 in\r\n",
    b"150 go\r\n",
    b"226 done\r\n",
    b"%(s)s\r\n",
    b"229 (|||3306|)\r\n",
    b"229 (|||22|)\r\n",
    b"500 no\r\n",
    b"230-\r\n",
    b"230 \r\n",
    b"421 bye\r\n",
    b"234 tls\r\n",
    b"120 wait\r\n",
    b"250-x\r\n",
    b"250 x\r\n",
    b"\r\n",
    b"x",
    b"%(c)s\r\n",
    b"227 (10,9,9,9,19,137)\r\n",
    b"230 in\r\n200 ok\r\n200 ok\r\n",
    b"22",
    b"0 hi\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"200 ok\r\n200 ok\r\n200 ok\r\n200 ok\r\n",
    b"a" * 600,
    b"220-%(c)s\r\n",
    b"\x16\3\3\0\5\2\0\0\1\0",
    b"\x17\3\3\0\2\1\2",
]
