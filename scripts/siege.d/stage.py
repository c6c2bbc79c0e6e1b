# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays many sessions at a time: wires, sockets, the daemon's events, and disturbances of the gateway."""

import collections
import contextlib
import heapq
import json
import random
import select
import signal
import socket
import time
from dataclasses import dataclass

from attack import Session
from judge import PASSIVE, Opening, complaint
from lab import Lab, RAW_CLIENT, RAW_SERVER, number_of
from packets import described, parse

# Sessions in one lab, and how many are played at once.
ROUND, CROWD = 8192, 400
# The number of sessions that begin at once, as long as none is delayed by more than so many seconds.
AT_ONCE, PROMPT, SLOW = 8, 0.01, 0.1
# A round has had enough of so many findings; they are all alike by then.
ENOUGH = 20
# A session lasts so many seconds at the most.
TIMEOUT = 20
# How long ended sessions are remembered, for late packets.
MEMORY = 1000


@dataclass
class Surroundings:
    """Everything besides the two ends, for all sessions of a round."""

    is_liberal: bool  # nf_conntrack_tcp_be_liberal
    drops_invalid: bool
    bypasses: bool  # pinhole rules load --bypass
    rp_filter: int

    @staticmethod
    def of_round(number):
        rng = random.Random(f"round {number}")
        return Surroundings(
            rng.random() < 0.4, rng.random() < 0.5, rng.random() < 0.3, rng.choice([0, 0, 1, 2])
        )


class Stage:
    """A lab with sessions in it."""

    def __init__(self, lab, counts):
        self.lab, self.counts = lab, counts
        self.poll = select.epoll()
        self.handlers = {}
        self.owners = {}
        self.wires = {}
        self.sessions = {}
        self.live = set()
        self.over = collections.deque()
        self.alarms = []
        self.serial = 0
        self.lag = 0  # how much later than it wanted to the last session went on
        self.was_slow = 0  # when that was too much
        self.is_daemon_down = False
        self.return_of_daemon = None
        self.helpers = []  # programs that do something to the gateway, and what
        self.events = None
        self.heard = 0  # openings that this daemon has told of, and those before it was asked to
        self.told = set()  # what the daemon has told of, as the sets have it

        for honest, host, network in (("client", "server", RAW_SERVER), ("server", "client", RAW_CLIENT)):
            wire, addresses = lab.wire(host, network)
            self.wires[honest] = wire, {4: addresses + b"\x08\x00", 6: addresses + b"\x86\xdd"}
            self._handle(wire, lambda wire=wire: self._on_wire(wire))
        for family, name in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            with lab.inside("server"):
                listener = socket.socket(family)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 64)
            listener.bind((name, 21))
            listener.listen(4096)
            listener.setblocking(False)
            self._handle(listener, lambda listener=listener: self._on_listener(listener))
        self._listen_to_daemon(10)

    def _handle(self, file, handler):
        self.handlers[file.fileno()] = file, handler
        self.poll.register(file, select.EPOLLIN)

    # Called by sessions

    def open(self, family):
        """A socket of the client's host."""
        with self.lab.inside("client"):
            return socket.socket(family)

    def watch(self, session, end, is_connected=None):
        """Tells the session when its socket is ready: when it is connected, and from then on when something comes."""
        if is_connected:
            self.poll.modify(end, select.EPOLLIN)
            return
        self.owners[end.fileno()] = session
        self.poll.register(end, select.EPOLLIN if session.side == "server" else select.EPOLLOUT)

    def unwatch(self, end):
        self.owners.pop(end.fileno(), None)
        self.poll.unregister(end)

    def transmit(self, honest, packet):
        """Sends an attacker's packet to the gateway."""
        wire, heads = self.wires[honest]
        with contextlib.suppress(OSError):
            wire.send(heads[packet[0] >> 4] + packet)

    def wake(self, session, when):
        """Has the session go on then, if not before."""
        if session.wake > when:
            session.wake = when
            self.serial += 1
            heapq.heappush(self.alarms, (when, self.serial, session))

    def interfere(self, session, what, *words):
        self._note(session, what, is_for_all="-F" in words)
        self.helpers.append((self.lab.forget(*words), what))

    def reload_rules(self, session):
        what = "the rules are loaded again"
        self._note(session, what, is_for_all=True)
        self.helpers.append((self.lab.load_rules_again(), what))

    def kill_daemon(self, session, is_hard, pause):
        if self.is_daemon_down:
            return
        self._note(session, "the daemon is killed" if is_hard else "the daemon is ended", is_for_all=True)
        self.counts["restarts"] += 1
        self._hear()
        self.lab.stop_daemon(signal.SIGKILL if is_hard else signal.SIGTERM)
        self._hear()
        self._stop_hearing()
        self.is_daemon_down = True
        for other in self.live:
            other.is_unseen |= not other.is_connected
        self.return_of_daemon = time.monotonic() + pause

    def _note(self, session, what, is_for_all):
        for other in self.live if is_for_all else [session]:
            other.said.is_disturbed = True
            other.note(f"{what} (by session {session.seed})" if is_for_all else what)

    # The daemon

    def _bring_back_daemon(self):
        for session in self.live:
            session.note("the daemon starts")
            # For this daemon, a session that bypassed all daemons has begun before it.
            session.said.may_be_adopted |= session.is_unseen or session.opens_fast
        self.return_of_daemon = None
        self.lab.start_daemon()
        self._listen_to_daemon(10)
        self.is_daemon_down = False

    def _listen_to_daemon(self, timeout):
        """Has the daemon tell of everything that it opens; what it has opened before it lists."""
        end = time.monotonic() + timeout
        while not (events := self.lab.connect("events json")):
            if time.monotonic() > end or self.lab.daemon.poll() is not None:
                raise SystemExit(f"siege: the daemon does not answer: {self.lab.said_by_daemon()}")
            time.sleep(0.002)
        events.setblocking(False)
        self.events, self.rest = events, b""
        self._handle(events, self._hear)
        self.heard = (self.lab.ask("stats json") or {}).get("expectations_opened", 0)
        for report in self.lab.ask("expectations json") or []:
            self._judge(report)

    def _stop_hearing(self):
        if self.events is not None:
            self.handlers.pop(self.events.fileno())
            self.poll.unregister(self.events)
            self.events.close()
            self.events = None

    def _hear(self):
        """Takes in what the daemon tells."""
        try:
            while self.events is not None and (data := self.events.recv(1 << 18)):
                *lines, self.rest = (self.rest + data).split(b"\n")
                for line in lines:
                    if line.startswith(b"{"):
                        self._take_event(json.loads(line))
            if self.events is not None:
                self._stop_hearing()
        except BlockingIOError:
            pass
        except OSError:
            self._stop_hearing()

    def _take_event(self, event):
        name = event["event"]
        if name == "expectation":
            self.heard += 1
            self._judge(event, is_new=True)
        elif name == "refused":
            self.counts[f"refused as {event['reason']}"] += 1
        elif name == "lost":
            self.counts["lost"] += event["count"]

    def _judge(self, report, is_new=False):
        client = report["master"]["client"].rpartition(":")[0].strip("[]")
        family = socket.AF_INET6 if ":" in client else socket.AF_INET
        session = self.sessions.get(number_of(socket.inet_pton(family, client)))
        opening = Opening.reported(report)
        if session is None or session.client != client:
            self._find(None, f"{opening}, for {client}, who is nobody", report)
            return
        session.openings += is_new
        # The restarted daemon's list may contain openings that were reported before.
        session.said.is_disturbed |= not is_new
        session.note(f"the daemon: {opening}")
        wrong = complaint(session.said, opening)
        end, _, port = report["to"].rpartition(":")
        self.told.add((end.strip("[]"), port, report["from"]))
        if wrong is None:
            session.said.answered += is_new and opening.kind in PASSIVE
            self.counts["pinholes"] += is_new
            self.counts[f"pinholes by {opening.kind}"] += is_new
        else:
            self._find(session, wrong, report)

    def _find(self, session, what, report=None):
        if session and session.is_found:
            return
        self.counts["findings"] += 1
        lines = [f"FINDING: {what}"]
        if report:
            lines.append(f"  the daemon: {json.dumps(report)}")
        if session:
            lines.append(self.account(session))
            session.is_found = True
        print("\n".join(lines), end="\n\n", flush=True)

    def account(self, session):
        """The log of a session: each packet from the attacker (>), each packet to it (<), and other events (*)."""
        lines = [f"  replay: scripts/siege 0 {session.seed}", f"  {session}", f"  {self.lab.surroundings}"]
        for at, what, *direction in session.log:
            text = f"{direction[0]} {described(what)}" if direction else f"* {what}"
            lines.append(f"  {(at - session.begun) * 1000:9.2f} ms {text}")
        return "\n".join(lines)

    def check_sets(self):
        """Looks into the kernel's sets for members that the daemon has not reported."""
        members = set(self.lab.members())
        self._hear()
        # If a packet of the server made conntrack's entry, the control connection itself is in the set, too.
        known = {(session.client, str(session.client_port), session.server) for session in self.sessions.values()}
        for member in members - self.told - known:
            self._find(None, f"a set has {member}, of which the daemon has said nothing")

    # Playing

    def play(self, seeds, deadline):
        """Plays sessions with these seeds, as long as there is time."""
        rest = collections.deque(seeds)
        while rest or self.live:
            if time.monotonic() > deadline or self.counts["findings"] >= ENOUGH:
                rest.clear()
            # No more than can be played in time: a late packet is no attack.
            if len(self.live) < CROWD and self.lag < PROMPT:
                for _ in range(min(AT_ONCE, len(rest))):
                    self._begin(rest.popleft())
            self._turn()
        # Late packets.
        end = time.monotonic() + 0.3
        while time.monotonic() < end or self.is_daemon_down:
            self._turn()
        self.check_sets()
        self._compare_counts()
        for session in self.over:
            self._settle(session)

    def _begin(self, seed):
        session = Session(self, seed, seed % ROUND)
        self.sessions[seed % ROUND] = session
        self.live.add(session)
        session.script = session.play()
        session.is_patient = False
        session.wake = float("inf")
        for _, what in self.helpers:
            session.note(f"{what}, perhaps by now")
            session.said.is_disturbed |= what != "conntrack forgets this"
        self._advance(session)

    def _advance(self, session):
        """Lets the session go on to its next pause."""
        now = time.monotonic()
        try:
            if now - session.begun > TIMEOUT:
                raise StopIteration
            pause = next(session.script)
        except StopIteration:
            self._end(session)
            return
        session.is_patient = pause > 0
        session.wake = float("inf")
        self.wake(session, time.monotonic() + abs(pause))

    def _end(self, session):
        session.script.close()
        session.end()
        session.wake = float("inf")
        self.live.discard(session)
        self.over.append(session)
        self.counts["sessions"] += 1
        session.is_control &= not session.said.is_disturbed and self.was_slow < session.begun
        self.counts["controls"] += session.is_control
        if len(self.over) > MEMORY:
            self._settle(session := self.over.popleft())
            session.forget()

    def _settle(self, session):
        """The summary of a session long after its end."""
        if session.is_control:
            if session.expected > 1 and session.openings >= session.expected:
                self.counts["controls that opened"] += 1
            else:
                if self.counts["controls missed"] < 3:
                    print(f"An honest session has not opened what it announced:\n{self.account(session)}\n", flush=True)
                self.counts["controls missed"] += 1

    def _turn(self):
        """Reads pending packets, and resumes the sessions that have waited long enough."""
        now = time.monotonic()
        if self.return_of_daemon and self.return_of_daemon < now:
            self._bring_back_daemon()
        if not self.is_daemon_down and self.lab.daemon.poll() is not None:
            raise SystemExit(f"siege: the daemon has died: {self.lab.said_by_daemon()}")
        self.helpers = [(helper, what) for helper, what in self.helpers if helper.poll() is None]
        pause = min(max(self.alarms[0][0] - now, 0), 0.05) if self.alarms else 0.02
        for number, _ in self.poll.poll(pause):
            if session := self.owners.get(number):
                session.on_socket()
                session.wake_soon()
            elif number in self.handlers:
                self.handlers[number][1]()
        now = time.monotonic()
        self.lag = 0
        while self.alarms and self.alarms[0][0] <= now:
            when, _, session = heapq.heappop(self.alarms)
            if session.wake == when:
                self.lag = max(self.lag, now - when)
                self._advance(session)
        if self.lag > SLOW:
            self.was_slow = now

    def _on_wire(self, wire):
        with contextlib.suppress(BlockingIOError):
            for _ in range(256):
                packet = wire.recv(1 << 16)[14:]
                segment = parse(packet)
                if segment is None:
                    continue
                session = self.sessions.get(number_of(segment.destination))
                if session is not None and not session.is_over:
                    session.receive(packet, segment)

    def _on_listener(self, listener):
        with contextlib.suppress(BlockingIOError):
            for _ in range(64):
                end, peer = listener.accept()
                near = socket.inet_pton(listener.family, end.getsockname()[0])
                session = self.sessions.get(number_of(near))
                if session is None or session.is_over or peer[1] < 0:
                    end.close()
                else:
                    session.accept(end)
                    session.wake_soon()

    def _compare_counts(self):
        """The daemon's own count of openings has to be that of its news."""
        statistics = self.lab.ask("stats json")
        self._hear()
        if statistics and statistics["expectations_opened"] > self.heard and not self.counts["lost"]:
            self.counts["untold"] += statistics["expectations_opened"] - self.heard

    def close(self):
        for session in list(self.live):
            session.end()
        self._stop_hearing()
        for file, _ in self.handlers.values():
            file.close()
        for helper, _ in self.helpers:
            helper.wait()
        self.poll.close()


def play_round(pinhole, seed, deadline, counts, is_single):
    """Plays the sessions of a round from a seed on, or that one alone, in a lab of their own."""
    number = seed // ROUND
    with Lab(pinhole, Surroundings.of_round(number)) as lab:
        with contextlib.closing(Stage(lab, counts)) as stage:
            stage.play(range(seed, seed + 1 if is_single else (number + 1) * ROUND), deadline)
            if is_single:
                print(stage.account(stage.sessions[seed % ROUND]), flush=True)
