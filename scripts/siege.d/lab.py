# SPDX-License-Identifier: GPL-2.0-or-later
"""A client's host, a gateway and a server's host, each in a network namespace, and the daemon on the gateway.

                    client ---- 10.1.0.0/24 ---- gateway ---- 10.2.0.0/24 ---- server
    honest clients  10.4.0.0/16                               honest servers  10.6.0.0/16, known as 10.16.0.0/16
    raw clients     10.5.0.0/16                               raw servers     10.7.0.0/16, known as 10.17.0.0/16

Every session has addresses of its own; which ones says by what NAT it passes, and whether the daemon is strict with it. The
kernels take all honest addresses for theirs, and those of attackers for nobody's: they are what a raw socket makes of them.
"""

import contextlib
import ctypes
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import tempfile

HONEST_CLIENT, RAW_CLIENT, HONEST_SERVER, RAW_SERVER, KNOWN = 4, 5, 6, 7, 10
# Which of the honest ends' packets the gateway loses, by their type of service: none, every other one, all.
LOSSES = {0: 0, 4: 0.5, 8: 1}
_libc = ctypes.CDLL(None, use_errno=True)


def address(role, number, is_snat, is_strict, is_ipv6):
    """The address that a session with a number below 16384 has in a role."""
    if is_ipv6:
        return f"fd{role:02}:0:0:{is_snat | is_strict << 1}:1::{number + 1:x}"
    return f"10.{role}.{is_snat << 7 | is_strict << 6 | number >> 8}.{number & 255}"


def number_of(packed):
    """The number of the session that has a packed address."""
    if len(packed) == 16:
        return (packed[14] << 8 | packed[15]) - 1
    return (packed[2] & 63) << 8 | packed[3]


_NETWORK = """
addr add 10.1.0.1/24 dev client
addr add 10.2.0.1/24 dev server
addr add 192.168.200.100/32 dev server
addr add fd01::1/64 dev client nodad
addr add fd02::1/64 dev server nodad
addr add fd02::100:100:100/128 dev server nodad
link set client up
link set server up
route add 10.4.0.0/15 via 10.1.0.2
route add 10.6.0.0/15 via 10.2.0.2
route add fd04::/16 via fd01::2
route add fd05::/16 via fd01::2
route add fd06::/16 via fd02::2
route add fd07::/16 via fd02::2
"""
_END = """
addr add {v4}.2/24 dev gateway
addr add {v6}::2/64 dev gateway nodad
link set lo up
link set gateway up
route add default via {v4}.1
route add default via {v6}::1
route add local {own4} dev lo
route add local {own6} dev lo
"""
_FILTER = """*filter
:INPUT ACCEPT
:FORWARD DROP
:OUTPUT ACCEPT
{invalid}
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -i client -p tcp --dport 21 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
*raw
-A PREROUTING -s {clients} -m tos --tos 0x04/0xff -m statistic --mode random --probability 0.5 -j DROP
-A PREROUTING -s {servers} -m tos --tos 0x04/0xff -m statistic --mode random --probability 0.5 -j DROP
-A PREROUTING -s {clients} -m tos --tos 0x08/0xff -j DROP
-A PREROUTING -s {servers} -m tos --tos 0x08/0xff -j DROP
COMMIT
*nat
{nat}
COMMIT
"""
_NAT = {
    4: """-A PREROUTING -i client -d 10.16.0.0/16 -j NETMAP --to 10.6.0.0/16
-A PREROUTING -i client -d 10.17.0.0/16 -j NETMAP --to 10.7.0.0/16
-A POSTROUTING -o server -s 10.4.128.0/17 -j SNAT --to-source 192.168.200.100
-A POSTROUTING -o server -s 10.5.128.0/17 -j SNAT --to-source 192.168.200.100""",
    6: "\n".join(
        [f"-A PREROUTING -i client -d fd{role + KNOWN}::/16 -j NETMAP --to fd0{role}::/16" for role in (6, 7)]
        + [
            f"-A POSTROUTING -o server -s fd0{role}:0:0:{net}::/64 -j SNAT --to-source fd02::100:100:100"
            for role in (4, 5)
            for net in (1, 3)
        ]
    ),
}
_STRICT = ["10.6.64.0/18", "10.6.192.0/18", "10.7.64.0/18", "10.7.192.0/18", "fd06:0:0:2::/63", "fd07:0:0:2::/63"]


class Lab:
    """The three namespaces with all that is in them, as long as a `with` lasts."""

    def __init__(self, pinhole, surroundings):
        self.pinhole, self.surroundings = pinhole, surroundings
        self.tag = secrets.token_hex(4)
        self.folder = tempfile.mkdtemp(prefix="pinhole-siege.")
        self.daemon = None
        self.path = f"{self.folder}/control.sock"
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.spaces = {}

    def __enter__(self):
        try:
            self._make()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def _name(self, host):
        return f"siege-{self.tag}-{host}"

    def _make(self):
        for host in ("client", "gateway", "server"):
            _run("ip", "netns", "add", self._name(host))
            self.spaces[host] = os.open(f"/run/netns/{self._name(host)}", os.O_RDONLY)
            self._set(host, "net/ipv6/conf/default/accept_dad", 0)
        for host in ("client", "server"):
            peer = ["peer", "name", "gateway", "netns", self._name(host)]
            _run("ip", "-n", self._name("gateway"), "link", "add", host, "type", "veth", *peer)
        liberal, rp_filter = self.surroundings.is_liberal, self.surroundings.rp_filter
        self._set("gateway", "net/ipv4/ip_forward", 1)
        self._set("gateway", "net/ipv6/conf/all/forwarding", 1)
        self._set("gateway", "net/netfilter/nf_conntrack_tcp_be_liberal", int(liberal))
        for name in ("all", "client", "server"):
            self._set("gateway", f"net/ipv4/conf/{name}/rp_filter", rp_filter)
        for host in ("client", "server"):
            self._set(host, "net/ipv4/tcp_fastopen", 3)
            self._set(host, "net/ipv6/ip_nonlocal_bind", 1)
        self._batch("gateway", _NETWORK)
        self._batch("client", _END.format(v4="10.1.0", v6="fd01", own4="10.4.0.0/16", own6="fd04::/16"))
        self._batch("server", _END.format(v4="10.2.0", v6="fd02", own4="10.6.0.0/16", own6="fd06::/16"))
        for version, tool, clients, servers in (
            (4, "iptables-restore", "10.4.0.0/16", "10.6.0.0/16"),
            (6, "ip6tables-restore", "fd04::/16", "fd06::/16"),
        ):
            invalid = "-A FORWARD -m conntrack --ctstate INVALID -j DROP" if self.surroundings.drops_invalid else ""
            rules = _FILTER.format(invalid=invalid, nat=_NAT[version], clients=clients, servers=servers)
            self._on_gateway(tool, text=rules)
        bypass = ["--bypass"] if self.surroundings.bypasses else []
        self._on_gateway(self.pinhole, "rules", "load", *bypass)
        with open(f"{self.folder}/pinhole.conf", "w", encoding="ascii") as file:
            for net in _STRICT:
                print(f"[server {net}]\nstrict = yes", file=file)
        if any(user.pw_name == "pinhole" for user in pwd.getpwall()):
            os.chmod(self.folder, 0o755)
        self.start_daemon()

    def _batch(self, host, lines):
        """Gives a host what lines of `ip` say, those of IPv6 among them."""
        old, new = [], []
        for line in lines.split("\n"):
            (new if "::" in line else old).append(line)
        for version, lines in (("-4", old), ("-6", new)):
            _run("ip", version, "-n", self._name(host), "-batch", "-", text="\n".join(lines) + "\n")

    def _set(self, host, name, value):
        with self.inside(host), open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
            file.write(str(value))

    @contextlib.contextmanager
    def inside(self, host):
        """Enters the network namespace of a host; sockets and processes opened there stay in it."""
        _enter(self.spaces[host])
        try:
            yield
        finally:
            _enter(self.home)

    def _on_gateway(self, *words, text=None):
        with self.inside("gateway"):
            return _run(*words, text=text)

    def wire(self, host, network):
        """A raw socket for what the gateway sends to an attacker there, and a way to send frames to the gateway."""
        with self.inside(host):
            wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
        wire.setsockopt(263, 23, 1)  # SOL_PACKET, PACKET_IGNORE_OUTGOING
        wire.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        # Only packets to an address in 10.NETWORK/16 or fd0NETWORK::/16.
        code = [
            (0x28, 0, 0, 12),
            (0x15, 0, 2, 0x800),
            (0x28, 0, 0, 30),
            (0x15, 3, 4, 10 << 8 | network),
            (0x15, 0, 3, 0x86DD),
            (0x28, 0, 0, 38),
            (0x15, 0, 1, 0xFD00 | network),
            (0x06, 0, 0, 0x40000),
            (0x06, 0, 0, 0),
        ]
        program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in code))
        # SO_ATTACH_FILTER
        wire.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", len(code), ctypes.addressof(program)))
        wire.bind(("gateway", 3))
        wire.setblocking(False)
        link = _run("ip", "-j", "-n", self._name("gateway"), "link", "show", host)
        gateway = bytes.fromhex(json.loads(link)[0]["address"].replace(":", ""))
        return wire, gateway + wire.getsockname()[4]

    # The daemon

    def start_daemon(self):
        words = [f"{self.pinhole}d", "--config", f"{self.folder}/pinhole.conf", "--socket", self.path]
        words += ["--log-level", "error"]
        with self.inside("gateway"), open(f"{self.folder}/log", "ab") as log:
            self.daemon = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop_daemon(self, signal_number=signal.SIGKILL):
        if self.daemon:
            self.daemon.send_signal(signal_number)
            self.daemon.wait()
            self.daemon = None

    def said_by_daemon(self):
        with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as log:
            return log.read()[-3000:]

    def connect(self, request):
        """A connection to the daemon with a request; `None` if the daemon does not answer."""
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            control = stack.enter_context(socket.socket(socket.AF_UNIX))
            control.connect(self.path)
            control.sendall(request.encode() + b"\n")
            stack.pop_all()
            return control
        return None

    def ask(self, request):
        """The daemon's answer as JSON; `None` if it does not answer."""
        control = self.connect(request)
        if control is None:
            return None
        with control:
            control.settimeout(5)
            answer = b""
            with contextlib.suppress(OSError):
                while piece := control.recv(1 << 16):
                    answer += piece
        first, _, rest = answer.partition(b"\n")
        return json.loads(rest) if first == b"ok" and rest else None

    def forget(self, *words):
        """Has conntrack forget what its program's words say, and does not wait for it."""
        with self.inside("gateway"):
            quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            return subprocess.Popen(["conntrack", *words], **quiet)

    def load_rules_again(self):
        bypass = ["--bypass"] if self.surroundings.bypasses else []
        with self.inside("gateway"):
            quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            return subprocess.Popen([self.pinhole, "rules", "load", "--socket", self.path, *bypass], **quiet)

    def members(self):
        """The members of the pinhole sets: (destination address and port, source address)."""
        lines = self._on_gateway("ipset", "save").split("\n")
        for line in lines:
            if line.startswith("add "):
                # add pinhole4 10.4.0.1,tcp:5001,10.7.0.1 timeout 299
                end, port, source = line.split()[2].split(",")
                yield end, port.rpartition(":")[2], source

    def close(self):
        """Leaves nothing behind, whatever was there already."""
        with contextlib.suppress(OSError):
            self.stop_daemon()
        for space in self.spaces.values():
            os.close(space)
        for host in ("client", "gateway", "server"):
            words = ["ip", "netns", "del", self._name(host)]
            subprocess.run(words, stderr=subprocess.DEVNULL, check=False)
        os.close(self.home)
        shutil.rmtree(self.folder, ignore_errors=True)


def _enter(space):
    if _libc.setns(space, 0x40000000):  # CLONE_NEWNET
        raise OSError(ctypes.get_errno(), "setns")


def _run(*words, text=None):
    """Runs a program that has to succeed, and returns what it wrote."""
    outcome = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    if outcome.returncode:
        raise SystemExit(f"siege: {' '.join(words)}: {outcome.stderr.strip()}")
    return outcome.stdout
