# SPDX-License-Identifier: GPL-2.0-or-later
"""Two gateways between a client and a server, with conntrackd, of which one dies.

    python3 pair.py PINHOLE PINHOLED FOLDER SCENARIO [NAME=VALUE...]

prints, as its last line, a JSON object: what became of each session, and figures.

  client 10.1.0.2 -- lan  A 10.1.0.11, B 10.1.0.12, both 10.1.0.1 and 10.1.0.100
  server 10.2.0.2 -- wan  A 10.2.0.11, B 10.2.0.12, both 10.2.0.1 and 10.2.0.100
                     sync A 192.168.100.1, B 192.168.100.2

With `uplinks` there is a second way to the server, for the client's address 10.1.0.3:
                  uplink A 10.4.0.11, B 10.4.0.12, both 10.4.0.1 and 10.4.0.100; server 10.4.0.2
"""
import ctypes
import hashlib
import json
import multiprocessing
import os
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

PINHOLE, PINHOLED, FOLDER = sys.argv[1:4]
LIBC = ctypes.CDLL(None, use_errno=True)
TIMEOUT = 20


def sh(command, check=True):
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    if check and done.returncode:
        raise RuntimeError(f"{command}\n{done.stdout}{done.stderr}")
    return done.stdout


def inside(host, make):
    """Calls make() in a host's network namespace, and returns what it returns."""
    result = {}

    def call():
        descriptor = os.open("/run/netns/" + host, os.O_RDONLY)
        if LIBC.setns(descriptor, 0x40000000):
            result["error"] = OSError(ctypes.get_errno(), "setns")
        else:
            try:
                result["value"] = make()
            except Exception as error:
                result["error"] = error
        os.close(descriptor)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    if "error" in result:
        raise result["error"]
    return result["value"]


def wait_for(what, condition, seconds=TIMEOUT):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.01)


CONNTRACKD = """
Sync {{
  Mode FTFW {{
    DisableExternalCache off
    StartupResync on
  }}
  UDP {{
    IPv4_address {own}
    IPv4_Destination_Address {peer}
    Port 3780
    Interface sync
    SndSocketBuffer 1249280
    RcvSocketBuffer 1249280
    Checksum on
  }}
  Options {{
    TCPWindowTracking off
  }}
}}
General {{
  HashSize 32768
  HashLimit 131072
  LogFile {folder}/conntrackd.log
  Syslog off
  LockFile {folder}/conntrackd.lock
  UNIX {{
    Path {folder}/conntrackd.ctl
  }}
  NetlinkBufferSize 2097152
  NetlinkBufferSizeMaxGrowth 8388608
  NetlinkEventsReliable on
  Filter From Userspace {{
    Protocol Accept {{
      TCP
    }}
    Address Ignore {{
      IPv4_address 127.0.0.1
      IPv4_address 192.168.100.1
      IPv4_address 192.168.100.2
      IPv6_address ::1
    }}
  }}
}}
"""


class Gateway:
    def __init__(self, name, number, options):
        self.name, self.number, self.options = name, number, options
        self.own, self.other = f"192.168.100.{number}", f"192.168.100.{3 - number}"
        self.folder = f"{FOLDER}/{name}"
        os.makedirs(self.folder)
        self.socket, self.state = self.folder + "/control.sock", self.folder + "/peer.state"
        self.processes = {}
        # One address has ports for 64,512 sessions with one server.
        self.snat = "10.2.0.100" + ("-10.2.0.103" if "sessions" in options else "")

    def run(self, command, check=True):
        return sh(f"ip netns exec {self.name} {command}", check)

    def machine(self):
        """The words that give a program another clock and another boot than those of A."""
        clock = self.options.get("clock")
        if self.name == "a" or not clock:
            return []
        boot = f"{FOLDER}/boot"
        open(boot, "w").write("00000000-1111-2222-3333-444444444444\n")
        return [
            "unshare", "--mount", "--time", "--fork", "--kill-child", "--monotonic", clock, "--", "sh", "-c",
            f'mount --bind {boot} /proc/sys/kernel/random/boot_id && exec "$@"', "sh",
        ]

    def start(self, role, words):
        log = open(f"{self.folder}/{role}.log", "a")
        self.processes[role] = subprocess.Popen(
            ["ip", "netns", "exec", self.name, "nice", "-n", "-10", *self.machine(), *words], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )

    def stop(self, role, number=signal.SIGTERM):
        process = self.processes.pop(role, None)
        if process and process.poll() is None:
            process.send_signal(number)
            process.wait()

    def log(self, role):
        try:
            return open(f"{self.folder}/{role}.log").read()
        except FileNotFoundError:
            return ""

    def prepare(self):
        self.run(
            "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
            "net.netfilter.nf_conntrack_events=1 net.ipv4.ip_nonlocal_bind=1"
        )
        for program in ("iptables", "ip6tables"):
            for rule in (
                "-P FORWARD DROP",
                "-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
                "-A FORWARD -i lan -p tcp --dport 21 -m conntrack --ctstate NEW -j ACCEPT",
                "-A INPUT -i lan -p tcp ! --syn -m conntrack --ctstate NEW,INVALID -j DROP",
                "-A INPUT -i wan -p tcp ! --syn -m conntrack --ctstate NEW,INVALID -j DROP",
            ):
                self.run(f"{program} -w {rule}")
        if zone := self.options.get("zone"):
            for program in ("iptables", "ip6tables"):
                for chain in ("PREROUTING -i lan", "PREROUTING -i wan", "OUTPUT"):
                    self.run(f"{program} -w -t raw -A {chain} -j CT --zone {zone}")
        nat = self.options.get("nat", "snat")
        if nat in ("snat", "both"):
            self.run(f"iptables -w -t nat -A POSTROUTING -o wan -s 10.1.0.0/24 -j SNAT --to {self.snat}")
            self.run("ip6tables -w -t nat -A POSTROUTING -o wan -s fd01::/64 -j SNAT --to fd02::100:100:100")
        if nat in ("dnat", "both"):
            self.run("iptables -w -t nat -A PREROUTING -i lan -d 10.1.0.100 -j DNAT --to 10.2.0.2")
        if "uplinks" in self.options:
            self.prepare_uplink()
        # Its own user may not become pinhole's here.
        open(self.folder + "/conf", "w").write(
            f"socket = {self.socket}\nsync-local = {self.own}\nsync-peer = {self.other}\nbackend = iptables\n"
            "ftps = 10.2.0.2=40000-60000\n"
        )
        self.run(f"{PINHOLE} rules load --config {self.folder}/conf")

    def prepare_uplink(self):
        """What comes from 10.1.0.3 gets a mark, leaves by the second uplink, and is shown as an address of it.

        With `uplinks=zone` it has a conntrack zone of its own.
        """
        zoned = {"marked": [], "zone": ["-s 10.1.0.3", "-i uplink"]}[self.options["uplinks"]]
        for command in (
            "sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.lan.rp_filter=0 net.ipv4.conf.wan.rp_filter=0 net.ipv4.conf.uplink.rp_filter=0",
            "ip route add 10.1.0.0/24 dev lan table 102",
            "ip route add default via 10.4.0.2 table 102",
            "ip rule add fwmark 2 table 102",
            "iptables -w -t mangle -A PREROUTING -j CONNMARK --restore-mark",
            "iptables -w -t mangle -A PREROUTING -s 10.1.0.3 -p tcp --dport 21 --syn -j MARK --set-mark 2",
            "iptables -w -t mangle -A PREROUTING -j CONNMARK --save-mark",
            "iptables -w -t nat -A POSTROUTING -o uplink -s 10.1.0.0/24 -j SNAT --to 10.4.0.100",
            *(f"iptables -w -t raw -A PREROUTING {what} -j CT --zone 7" for what in zoned),
        ):
            self.run(command)

    def start_conntrackd(self):
        path = self.folder + "/conntrackd.conf"
        open(path, "w").write(CONNTRACKD.format(own=self.own, peer=self.other, folder=self.folder))
        self.start("conntrackd", ["conntrackd", "-C", path])
        wait_for("conntrackd", lambda: os.path.exists(self.folder + "/conntrackd.ctl"))

    def conntrackd(self, option):
        return self.run(f"conntrackd -C {self.folder}/conntrackd.conf {option}", False)

    def start_sync(self, *more):
        self.start("sync", [PINHOLE, "sync", "--config", self.folder + "/conf", *more])

    def status(self):
        try:
            return json.load(open(self.state + ".status"))
        except (FileNotFoundError, ValueError):
            return {}

    def start_daemon(self):
        """Starts the daemon; returns how long it took until it answered."""
        start = time.monotonic()
        self.start("daemon", [PINHOLED, "--config", self.folder + "/conf"])
        wait_for("the daemon", lambda: self.ask("stats") is not None)
        return time.monotonic() - start

    def ask(self, *words):
        done = subprocess.run(
            ["ip", "netns", "exec", self.name, PINHOLE, *words, "--socket", self.socket], capture_output=True, text=True
        )
        return done.stdout if done.returncode == 0 else None

    def addresses(self, what):
        for address, device in (("10.1.0.1/24", "lan"), ("10.1.0.100/24", "lan"), ("10.2.0.1/24", "wan"), ("10.2.0.100/24", "wan")):
            sh(f"ip -n {self.name} addr {what} {address} dev {device}", what == "add")
        if "uplinks" in self.options:
            for address in ("10.4.0.1/24", "10.4.0.100/24"):
                sh(f"ip -n {self.name} addr {what} {address} dev uplink", what == "add")
        for address, device in (("fd01::1/64", "lan"), ("fd02::1/64", "wan"), ("fd02::100:100:100/64", "wan")):
            sh(f"ip -n {self.name} addr {what} {address} dev {device} nodad", what == "add")
        if what == "add":
            inside(self.name, self.announce)

    def announce(self):
        """Tells the neighbours where the addresses are: ARP requests, and unsolicited neighbour advertisements."""
        more = [("uplink", ["10.4.0.1", "10.4.0.100"], [])] if "uplinks" in self.options else []
        for device, v4, v6 in (("lan", ["10.1.0.1", "10.1.0.100"], ["fd01::1"]), ("wan", ["10.2.0.1", "10.2.0.100"], ["fd02::1", "fd02::100:100:100"]), *more):
            link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            link.bind((device, 0))
            mac = link.getsockname()[4]
            for address in v4:
                ip = socket.inet_aton(address)
                link.send(b"\xff" * 6 + mac + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x800, 6, 4, 1) + mac + ip + b"\0" * 6 + ip)
            for address in v6:
                own, group = socket.inet_pton(socket.AF_INET6, address), socket.inet_pton(socket.AF_INET6, "ff02::1")
                body = struct.pack("!BBHI", 136, 0, 0, 0xA0000000) + own + b"\x02\x01" + mac
                pseudo = own + group + struct.pack("!IHBB", len(body), 0, 0, 58) + body
                total = sum(struct.unpack("!%dH" % (len(pseudo) // 2), pseudo))
                while total >> 16:
                    total = (total & 0xFFFF) + (total >> 16)
                body = body[:2] + struct.pack("!H", ~total & 0xFFFF) + body[4:]
                link.send(b"\x33\x33\0\0\0\x01" + mac + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + own + group + body)
            link.close()

    def take_over(self):
        """Does what the notify script does at MASTER, and adds the addresses."""
        start = time.monotonic()
        for option in ("-c", "-f", "-R"):
            self.conntrackd(option)
        self.start_daemon()
        self.conntrackd("-B")
        self.addresses("add")
        return time.monotonic() - start

    def links(self, what):
        for device in ("lan", "wan", *(["uplink"] if "uplinks" in self.options else [])):
            sh(f"ip -n switch link set {self.name}{device} {what}")

    def die(self):
        """The machine is gone at once: its links, and then its processes."""
        self.links("down")
        sh(f"ip -n {self.name} link set sync down")
        for role in list(self.processes):
            self.stop(role, signal.SIGKILL)


class Pair:
    def __init__(self, options):
        self.options = options
        for host in ("a", "b", "client", "server", "switch"):
            sh(f"ip netns add {host}; ip -n {host} link set lo up")
        # The interfaces of B have other numbers.
        for number in range(3):
            sh(f"ip -n b link add other{number} type bridge")
        for bridge in ("lan", "wan", "uplink"):
            sh(f"ip -n switch link add {bridge} type bridge forward_delay 0; ip -n switch link set {bridge} up")
        ends = [
            ("client", "lan", "10.1.0.2", "fd01::2"), ("server", "wan", "10.2.0.2", "fd02::2"),
            ("a", "lan", "10.1.0.11", "fd01::11"), ("a", "wan", "10.2.0.11", "fd02::11"),
            ("b", "lan", "10.1.0.12", "fd01::12"), ("b", "wan", "10.2.0.12", "fd02::12"),
        ]
        if "uplinks" in options:
            ends += [("server", "uplink", "10.4.0.2", "fd04::2"), ("a", "uplink", "10.4.0.11", "fd04::11"), ("b", "uplink", "10.4.0.12", "fd04::12")]
        for host, device, v4, v6 in ends:
            port = host + device
            sh(
                f"ip link add {device} netns {host} type veth peer name {port} netns switch; "
                f"ip -n switch link set {port} master {device} up; ip -n {host} addr add {v4}/24 dev {device}; "
                f"ip -n {host} addr add {v6}/64 dev {device} nodad; ip -n {host} link set {device} up"
            )
        sh("ip link add sync netns a type veth peer name sync netns b")
        self.a, self.b = Gateway("a", 1, options), Gateway("b", 2, options)
        for gateway in (self.a, self.b):
            sh(f"ip -n {gateway.name} addr add {gateway.own}/24 dev sync; ip -n {gateway.name} link set sync up")
        sh("ip -n client route add default via 10.1.0.1; ip -n client -6 route add default via fd01::1")
        sh("ip -n server route add default via 10.2.0.1; ip -n server -6 route add default via fd02::1")
        if "uplinks" in options:
            self.prepare_ends()
        for gateway in (self.a, self.b):
            gateway.prepare()
            gateway.start_conntrackd()
        self.a.start_daemon()
        self.a.addresses("add")

    def prepare_ends(self):
        """The server takes nothing by an uplink whose address it does not have; a provider forwards no such packet either."""
        sh("ip -n client addr add 10.1.0.3/24 dev lan")
        sh("ip netns exec server sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.wan.rp_filter=0 net.ipv4.conf.uplink.rp_filter=0")
        for device, source in (("wan", "10.4.0.0/24"), ("uplink", "10.2.0.0/24")):
            sh(f"ip netns exec server iptables -w -A INPUT -i {device} -s {source} -j DROP")

    def start_sync(self):
        for gateway in (self.a, self.b):
            gateway.start_sync()
        wait_for("B to follow A", lambda: self.b.status().get("snapshots", 0) > 0)
        wait_for("A to be followed", lambda: self.a.status().get("followed"))

    def logs(self):
        return {f"{gateway.name} {role}": gateway.log(role)[-3000:] for gateway in (self.a, self.b) for role in ("daemon", "sync")}


class Garbled(Exception):
    """Somebody got what the other end had not said."""


class NoData(Exception):
    """A data connection could not be opened."""


class Session:
    """A control connection of which the test plays both ends."""

    def __init__(self, pair, v6=False, second=False):
        """With `second`, the session goes by the second uplink."""
        self.nat = pair.options.get("nat", "snat")
        self.family = socket.AF_INET6 if v6 else socket.AF_INET
        self.v6 = v6
        self.client_host, self.server_host = ("fd01::2", "fd02::2") if v6 else ("10.1.0.2", "10.2.0.2")
        self.shown_client = ("fd02::100:100:100" if v6 else "10.2.0.100") if self.nat in ("snat", "both") else self.client_host
        if second:
            self.client_host, self.shown_client = "10.1.0.3", "10.4.0.100"
        self.dialled = "10.1.0.100" if self.nat in ("dnat", "both") and not v6 else self.server_host
        listener = inside("server", lambda: self.listening(self.server_host, 21))
        self.client = inside("client", self.make)
        self.client.settimeout(TIMEOUT)
        self.client.bind((self.client_host, 0))
        self.client.connect((self.dialled, 21))
        self.server, _ = listener.accept()
        listener.close()
        self.rest = {"client": b"", "server": b""}
        for end, line in (("server", "220 ready"), ("client", "USER u"), ("server", "331 pw"), ("client", "PASS p"), ("server", "230 ok")):
            self.say(end, line)

    def make(self):
        made = socket.socket(self.family, socket.SOCK_STREAM)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def listening(self, host, port=0):
        listener = self.make()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(50)
        listener.settimeout(TIMEOUT)
        return listener

    def end(self, name):
        return self.client if name == "client" else self.server

    def send(self, end, text):
        self.end(end).sendall(text.encode())

    def line(self, end):
        stream = self.end(end)
        limit = time.monotonic() + TIMEOUT
        while b"\r\n" not in self.rest[end]:
            stream.settimeout(max(0.01, limit - time.monotonic()))
            piece = stream.recv(65536)
            if not piece:
                raise ConnectionResetError("closed")
            self.rest[end] += piece
        line, _, self.rest[end] = self.rest[end].partition(b"\r\n")
        return line.decode()

    def say(self, end, text):
        """One end sends a line, and the other must receive it unchanged."""
        self.send(end, text + "\r\n")
        got = self.line("server" if end == "client" else "client")
        if got != text:
            raise Garbled(f"{text!r} arrived as {got!r}")

    def alive(self):
        start = time.monotonic()
        self.say("client", "NOOP")
        self.say("server", "200 ok")
        return time.monotonic() - start

    def port_command(self):
        self.listener = inside("client", lambda: self.listening(self.client_host))
        port = self.listener.getsockname()[1]
        if self.v6:
            return f"EPRT |2|{self.client_host}|{port}|\r\n"
        return f"PORT {self.client_host.replace('.', ',')},{port >> 8},{port & 255}\r\n"

    def read_port(self):
        """The endpoint in the command as the server gets it."""
        line = self.line("server")
        numbers = re.fullmatch(r"PORT (\d+,\d+,\d+,\d+),(\d+),(\d+)", line)
        extended = re.fullmatch(r"EPRT \|2\|([^|]+)\|(\d+)\|", line)
        if numbers:
            self.target = (numbers[1].replace(",", "."), int(numbers[2]) * 256 + int(numbers[3]))
        elif extended:
            self.target = (extended[1], int(extended[2]))
        else:
            raise Garbled(f"PORT arrived as {line!r}")
        if self.target[0] != self.shown_client:
            raise Garbled(f"the server got the address {self.target[0]}")

    def announce_active(self):
        self.send("client", self.port_command())
        self.read_port()
        self.say("server", "200 PORT ok")

    def announce_passive(self):
        self.say("client", "EPSV" if self.v6 else "PASV")
        self.listener = inside("server", lambda: self.listening(self.server_host))
        port = self.listener.getsockname()[1]
        if self.v6:
            self.say("server", f"229 Entering Extended Passive Mode (|||{port}|)")
            self.target = (self.dialled, port)
            return
        self.send("server", f"227 Entering Passive Mode ({self.server_host.replace('.', ',')},{port >> 8},{port & 255})\r\n")
        line = self.line("client")
        numbers = re.fullmatch(r"227 Entering Passive Mode \((\d+,\d+,\d+,\d+),(\d+),(\d+)\)", line)
        if not numbers:
            raise Garbled(f"227 arrived as {line!r}")
        self.target = (numbers[1].replace(",", "."), int(numbers[2]) * 256 + int(numbers[3]))
        if self.target[0] != self.dialled:
            raise Garbled(f"the client got the address {self.target[0]}")

    def connect_data(self, host):
        data = inside(host, self.make)
        data.settimeout(TIMEOUT)
        data.bind((self.client_host if host == "client" else self.server_host, 0))
        try:
            data.connect(self.target)
        except TimeoutError as error:
            raise NoData(str(self.target)) from error
        accepted, _ = self.listener.accept()
        self.listener.close()
        accepted.settimeout(TIMEOUT)
        return data, accepted

    def use(self, host):
        sender, receiver = self.connect_data(host)
        sender.sendall(b"x" * 1000)
        count = 0
        try:
            while count < 1000:
                count += len(receiver.recv(1000))
        except TimeoutError as error:
            # conntrackd had not replicated the connection.
            raise NoData("nothing came") from error
        sender.close()
        receiver.close()

    def secure(self):
        """AUTH TLS, and what follows on both ends."""
        self.say("client", "AUTH TLS")
        self.say("server", "234 go on")
        server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        server.load_cert_chain(certificate())
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        streams = {}
        thread = threading.Thread(target=lambda: streams.update(server=server.wrap_socket(self.server, server_side=True)))
        thread.start()
        self.client = client.wrap_socket(self.client)
        thread.join()
        self.server = streams["server"]
        self.say("client", "PBSZ 0")
        self.say("server", "200 ok")

    def secure_passive(self):
        """A transfer with an encrypted announcement."""
        self.say("client", "EPSV")
        self.listener = inside("server", lambda: self.listening_among(self.server_host, range(40_000, 60_000)))
        port = self.listener.getsockname()[1]
        self.say("server", f"229 Entering Extended Passive Mode (|||{port}|)")
        self.target = (self.dialled, port)
        self.say("client", "RETR f")
        self.say("server", "150 here")
        self.use("client")
        self.say("server", "226 done")

    def listening_among(self, host, ports):
        for port in ports:
            try:
                return self.listening(host, port)
            except OSError:
                continue
        raise OSError("no port is free")

    def active(self):
        self.announce_active()
        self.say("client", "LIST")
        self.say("server", "150 here")
        self.use("server")
        self.say("server", "226 done")

    def passive(self):
        self.announce_passive()
        self.say("client", "RETR f")
        self.say("server", "150 here")
        self.use("client")
        self.say("server", "226 done")


def certificate():
    """The path of a key and its certificate."""
    path = f"{FOLDER}/certificate.pem"
    if not os.path.exists(path):
        sh(f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=server -days 1 -keyout {path}.key -out {path}.crt && cat {path}.key {path}.crt >{path}")
    return path


class Bulk(threading.Thread):
    """Sends many bytes over a data connection, not too fast; notes the longest silence."""

    def __init__(self, sender, receiver, size, rate):
        super().__init__(daemon=True)
        self.sender, self.receiver, self.size = sender, receiver, size
        sender.setsockopt(socket.SOL_SOCKET, 47, rate)
        self.gap, self.count, self.error, self.hashes = 0.0, 0, "", {}
        self.sending = threading.Thread(target=self.send, daemon=True)
        self.start()
        self.sending.start()

    def send(self):
        block, total, count = os.urandom(1 << 16), hashlib.sha256(), 0
        try:
            self.sender.settimeout(60)
            while count < self.size:
                self.sender.sendall(block)
                total.update(block)
                count += len(block)
            self.sender.shutdown(socket.SHUT_WR)
        except OSError as error:
            self.error += f"sender: {error}"
        self.hashes["sent"] = total.hexdigest()

    def run(self):
        total, last = hashlib.sha256(), time.monotonic()
        self.receiver.settimeout(60)
        try:
            while piece := self.receiver.recv(1 << 18):
                now = time.monotonic()
                self.gap, last = max(self.gap, now - last), now
                total.update(piece)
                self.count += len(piece)
        except OSError as error:
            self.error += f"receiver: {error}"
        self.hashes["received"] = total.hexdigest()

    def finish(self):
        self.join(90)
        self.sending.join(10)
        if self.count != self.size or self.hashes.get("sent") != self.hashes.get("received"):
            raise RuntimeError(f"{self.count} of {self.size} bytes, {self.error}")


def outcome(*steps):
    """The outcome of a session: `on`, `reset`, or the error."""
    try:
        for step in steps:
            step()
    except (ConnectionResetError, BrokenPipeError):
        return "reset"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "on"


def together(works):
    """Does all at once, each a name with its steps."""
    results, threads = {}, []
    for name, steps in works.items():
        def work(name=name, steps=steps):
            results[name] = outcome(*steps)
        threads.append(threading.Thread(target=work))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return results


def open_sessions(pair):
    """Sessions in every state; for each the steps that it takes on the other gateway."""
    bulk = int(pair.options.get("bulk", "40")) << 20
    works, transfers = {}, {}

    def session(name, v6=False, *before):
        made = Session(pair, v6)
        for step in before:
            getattr(made, step)()
        return made

    def still(name, made):
        works[name] = [made.alive, made.active, made.passive]

    many = session("30 edits")
    for _ in range(30):
        many.active()
    still("30 edits, idle", many)
    still("10 passive, idle", session("passive", False, *["passive"] * 10))
    still("fresh, idle", session("fresh"))
    still("IPv6, 5 edits", session("v6", True, *["active"] * 5))
    secured = session("FTPS", False, "active", "secure", "secure_passive")
    works["FTPS"] = [secured.alive, secured.secure_passive, secured.secure_passive]
    for name, v6, announce, host in (
        ("between PORT and data", False, "announce_active", "server"),
        ("between PASV and data", False, "announce_passive", "client"),
        ("between EPRT and data", True, "announce_active", "server"),
    ):
        made = session(name, v6, "active", announce)
        works[name] = [lambda made=made, host=host: made.use(host), made.alive, made.active, made.passive]
    for name, v6, announce, host in (
        ("active transfer", False, "announce_active", "server"),
        ("passive transfer", False, "announce_passive", "client"),
        ("IPv6 transfer", True, "announce_active", "server"),
    ):
        made = session(name, v6, announce)
        made.say("client", "RETR big")
        made.say("server", "150 here")
        sender, receiver = made.connect_data(host)
        transfers[name] = Bulk(sender, receiver, bulk, 10 << 20)
        works[name] = [transfers[name].finish, made.alive, made.active]

    silent = session("silent", False, "announce_active")
    ends = silent.connect_data("server")

    def speak():
        ends[0].sendall(b"z" * 500)
        count = 0
        while count < 500:
            count += len(ends[1].recv(500))
    works["silent data connection"] = [speak, silent.alive, silent.active]

    pipelined = session("pipelined", False, "active")
    pipelined.send("client", pipelined.port_command() + "LIST\r\nNOOP\r\n")
    pipelined.read_port()

    def answer():
        if pipelined.line("server") != "LIST":
            raise Garbled("LIST")
        pipelined.say("server", "200 ok")
        pipelined.say("server", "150 here")
        pipelined.use("server")
        pipelined.say("server", "226 done")
        if pipelined.line("server") != "NOOP":
            raise Garbled("NOOP")
        pipelined.say("server", "200 ok")
    works["pipelined"] = [answer, pipelined.alive, pipelined.active]

    half = session("half", False, "active")
    command = half.port_command()
    half.send("client", command[:12])

    def complete():
        half.send("client", command[12:])
        half.read_port()
        half.say("server", "200 ok")
        half.use("server")
    works["half a line"] = [complete, half.alive, half.active]

    def block(host, made, chain, ports):
        own, other = ports(made)
        sh(f"ip netns exec {host} iptables -w -A INPUT -p tcp --{chain[0]} {own} --{chain[1]} {other} -j DROP")

    lost = session("lost", False, "active")
    block("server", lost, ("dport", "sport"), lambda made: (21, made.server.getpeername()[1]))
    lost.send("client", lost.port_command())

    def repeat():
        lost.read_port()
        lost.say("server", "200 ok")
        lost.use("server")
    works["a lost edit"] = [repeat, lost.alive, lost.active]

    unheard = session("unheard", False, "active")
    block("client", unheard, ("sport", "dport"), lambda made: (21, made.client.getsockname()[1]))
    unheard.send("client", unheard.port_command())
    unheard.read_port()

    def reply():
        unheard.say("server", "200 ok")
        unheard.use("server")
    works["a lost acknowledgement"] = [reply, unheard.alive, unheard.active]
    return works, transfers


def failover(pair):
    if pair.options.get("sync", "yes") == "yes":
        pair.start_sync()
    works, transfers = open_sessions(pair)
    time.sleep(float(pair.options.get("settle", "0.3")))
    left = {row["id"]: row["expires_in"] for row in json.loads(pair.a.ask("expectations", "--json"))}
    died = time.monotonic()
    pair.a.die()
    seconds = pair.b.take_over()
    gone = time.monotonic() - died
    differences = [
        abs(left[row["id"]] - gone - row["expires_in"])
        for row in json.loads(pair.b.ask("expectations", "--json")) if row["id"] in left
    ]
    for host in ("client", "server"):
        sh(f"ip netns exec {host} iptables -w -F INPUT")
    results = together(works)
    results["new session"] = outcome(lambda: Session(pair).active())
    return results, {
        "taken over in": seconds,
        "silence": max(transfer.gap for transfer in transfers.values()),
        "expiry differs": max(differences, default=-1),
        "lag": pair.b.status().get("lag", -1),
    }


def uplinks(pair):
    """Sessions by two uplinks, of which a mark of the connection chooses one."""
    pair.start_sync()
    works, transfers = {}, []
    for name, second in (("first", False), ("second", True)):
        idle = Session(pair, False, second)
        for _ in range(5):
            idle.active()
        works[f"{name}: 5 edits, idle"] = [idle.alive, idle.active, idle.passive]
        for announce, host in (("announce_active", "server"), ("announce_passive", "client")):
            session = Session(pair, False, second)
            session.active()
            getattr(session, announce)()
            works[f"{name}: {announce}"] = [lambda session=session, host=host: session.use(host), session.alive, session.active]
            session = Session(pair, False, second)
            getattr(session, announce)()
            session.say("client", "RETR big")
            session.say("server", "150 here")
            sender, receiver = session.connect_data(host)
            transfers.append(Bulk(*((sender, receiver) if host == "server" else (receiver, sender)), 20 << 20, 10 << 20))
            works[f"{name}: transfer, {announce}"] = [transfers[-1].finish, session.alive, session.passive]
    time.sleep(0.3)
    pair.a.die()
    pair.b.take_over()
    results = together(works)
    for name, second in (("first", False), ("second", True)):
        results[f"{name}: new session"] = outcome(lambda: Session(pair, False, second).active())
    return results, {"silence": max(transfer.gap for transfer in transfers)}


def loop(pair):
    """Sessions that do nothing but PORT and its data connection, without pause."""
    pair.start_sync()
    sessions = [Session(pair) for _ in range(24)]
    crashed, stop = threading.Event(), threading.Event()
    before, after, errors, longest = [0] * 24, [0] * 24, [""] * 24, [0.0] * 24

    def work(index):
        try:
            while not stop.is_set():
                start = time.monotonic()
                sessions[index].active()
                longest[index] = max(longest[index], time.monotonic() - start)
                (after if crashed.is_set() else before)[index] += 1
        except (ConnectionRefusedError, NoData) as error:
            # Its announcement, or its connection, was among the changes that are missing: the transfer fails.
            errors[index] = outcome(lambda: sessions[index].say("server", "425 no"), sessions[index].alive)
            failed.append(index)
        except Exception as error:
            errors[index] = f"{type(error).__name__}: {error}"

    failed = []
    threads = [threading.Thread(target=work, args=(index,), daemon=True) for index in range(24)]
    for thread in threads:
        thread.start()
    wait_for("every session to loop", lambda: min(before) > 3, 60)
    if pair.options.get("cut"):
        sh("ip -n a link set sync down")
        time.sleep(float(pair.options["cut"]))
    pair.a.die()
    crashed.set()
    longest[:] = [0.0] * 24
    pair.b.take_over()
    end = time.monotonic() + 30
    while time.monotonic() < end and not all(count or error for count, error in zip(after, errors)):
        time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join(TIMEOUT + 5)
    results = {}
    for index in range(24):
        error = errors[index]
        results[f"session {index}"] = (
            "on" if error == "on" or after[index] and not error
            else "reset" if error.startswith(("reset", "ConnectionResetError", "BrokenPipeError")) else error or "nothing came"
        )
    return results, {"before": sum(before), "after": sum(after), "longest": max(longest), "failed": len(failed)}


def back(pair):
    """From A to B and back, with edits on each."""
    pair.start_sync()
    sessions = {f"session {index}": Session(pair) for index in range(4)}
    for session in sessions.values():
        for _ in range(5):
            session.active()
    sessions["session 0"].announce_active()
    results = {}

    def change(old, new):
        old.links("down")
        old.addresses("del")
        old.stop("daemon")
        for option in ("-t", "-n"):
            old.conntrackd(option)
        return new.take_over()

    seconds = [change(pair.a, pair.b)]
    results["announced on A"] = outcome(lambda: sessions["session 0"].use("server"))
    sessions["begun on B"] = Session(pair)
    results |= together({f"{name} on B": [session.alive, session.active, session.active] for name, session in sessions.items()})
    sessions["session 1"].announce_active()
    pair.a.links("up")
    wait_for("A to have B's sessions", lambda: pair.a.status().get("records", 0) >= 5)
    seconds.append(change(pair.b, pair.a))
    results["announced on B"] = outcome(lambda: sessions["session 1"].use("server"))
    results |= together({f"{name} back on A": [session.alive, session.active, session.passive] for name, session in sessions.items()})
    return results, {"changes": seconds}


def split(pair):
    """The daemon of B runs for a while although A is active; then A goes on rewriting, and dies."""
    pair.start_sync()
    sessions = {f"session {index}": Session(pair) for index in range(4)}
    for session in sessions.values():
        session.active()
    for option in ("-c", "-f", "-R"):
        pair.b.conntrackd(option)
    pair.b.start_daemon()
    wait_for("B to have the sessions", lambda: len((pair.b.ask("connections", "--plain") or "").splitlines()) == 4)
    pair.b.stop("daemon")
    for option in ("-t", "-n"):
        pair.b.conntrackd(option)
    for session in sessions.values():
        for _ in range(3):
            session.active()
    sessions["begun since"] = Session(pair)
    sessions["begun since"].active()
    wait_for("B to have A's records", lambda: pair.b.status().get("records", 0) >= 5)
    pair.a.die()
    pair.b.take_over()
    return together({name: [session.alive, session.active, session.passive] for name, session in sessions.items()}), {}


def said_version(pair):
    """The version of records that the `pinhole sync` of B names in its first message."""
    pair.b.start_sync()
    wait_for("B to listen", lambda: ":3784 " in sh("ip netns exec b ss -Hltn"))
    stream = inside("a", lambda: socket.create_connection((pair.b.own, 3784), TIMEOUT))
    hello = stream.recv(32, socket.MSG_WAITALL)
    stream.close()
    pair.b.stop("sync")
    return struct.unpack("<4Q", hello)[3]


def hostile(pair):
    """Connections over the link from other hosts or a faulty peer; the peer's file stays unchanged."""
    pair.start_sync()
    session = Session(pair)
    session.active()
    wait_for("a record", lambda: pair.b.status().get("records", 0) >= 1)
    state = open(pair.b.state, "rb").read
    results = {}

    # Another key: nothing comes through.
    for gateway, key in ((pair.a, "one"), (pair.b, "other")):
        open(gateway.folder + "/key", "w").write(key)
        os.chmod(gateway.folder + "/key", 0o600)
        gateway.stop("sync")
        gateway.start_sync("--key", gateway.folder + "/key")
    wait_for("B to report the silence", lambda: pair.b.status().get("problem"))
    results["another key"] = "refused" if not pair.b.status()["connected"] and state() else "taken"
    # The same one: signed, and all is well.
    pair.b.stop("sync")
    open(pair.b.folder + "/key", "w").write("one")
    pair.b.start_sync("--key", pair.b.folder + "/key")
    wait_for("signed segments", lambda: pair.b.status().get("snapshots", 0) > 0 and pair.b.status()["signed"])
    results["the same key"] = "taken"
    pair.a.stop("sync")
    pair.b.stop("sync")
    version = said_version(pair)

    def frame(kind, first=0, second=0, words=(), sequence=0):
        return struct.pack(f"<{4 + len(words)}Q", len(words) << 8 | kind, sequence, first, second, *words)

    def play(name, data, wanted):
        """Takes the place of A's `pinhole sync`, and says this."""
        before = state()
        listener = inside("a", lambda: Session.listening(session_like, "192.168.100.1", 3784))
        pair.b.start_sync()
        stream, _ = listener.accept()
        stream.sendall(data)
        try:
            wait_for(wanted, lambda: wanted in pair.b.log("sync"))
            results[name] = "refused" if state() == before else "taken"
        except TimeoutError:
            results[name] = "nothing said: " + pair.b.log("sync")[-300:]
        stream.close()
        listener.close()
        pair.b.stop("sync")

    session_like = session
    hello, clock = frame(1, 1, version, [version]), frame(2, time.monotonic_ns())
    play("another protocol", b"GET / HTTP/1.1\r\nHost: 192.168.100.1\r\n\r\n", "does not speak the protocol")
    play("a later version", frame(1, 1, version + 2, [version + 1]), "is of another version")
    play("a version long gone", frame(1, 1, version - 3, [version - 4]), "is of another version")
    play("a message without end", hello + clock + frame(3, 1, version, [1, 2]) + struct.pack("<4Q", 1 << 60 | 4, 0, 0, 0), "does not speak the protocol")
    cut = hello + clock + frame(3, 99, version, [1, 2]) + frame(4, 0, 7, [1, 2, 3])
    play("half a snapshot", cut, "peer-silent")
    # A peer whose time of day is ahead: check says so.
    later = frame(2, time.monotonic_ns(), time.time_ns() + 100 * 10**9)
    listener = inside("a", lambda: Session.listening(session_like, "192.168.100.1", 3784))
    pair.b.start_sync()
    stream, _ = listener.accept()
    stream.sendall(hello + later)
    wait_for("the time of day", lambda: pair.b.status().get("time_difference"))
    difference = pair.b.status()["time_difference"]
    checked = pair.b.run(f"{PINHOLE} check --config {pair.b.folder}/conf", False)
    results["another time of day"] = "noticed" if "clocks of the two gateways differ by 100 s" in checked else checked
    stream.close()
    listener.close()
    pair.b.stop("sync")
    # A file system that is full.
    full = pair.b.folder + "/full"
    os.makedirs(full)
    sh(f"mount -t tmpfs -o size=256k tmpfs {full}")
    pair.a.start_sync()
    pair.b.start_sync("--peer-state", full + "/peer.state")
    wait_for("the full disk to be told", lambda: "peer-state-not-written" in pair.b.log("sync"))
    results["a full disk"] = "refused" if pair.b.processes["sync"].poll() is None else "ended"
    pair.b.stop("sync")
    pair.b.start_sync()
    wait_for("a snapshot again", lambda: pair.b.status().get("snapshots", 0) > 0)
    results["the session"] = outcome(session.alive, session.active)
    return results, {"time difference": difference}


class Load:
    """Eight sessions with one transfer after the other."""

    def __init__(self, pair):
        self.pair, self.sessions = pair, [Session(pair) for _ in range(8)]
        self.stop, self.errors = threading.Event(), {}
        self.threads = [threading.Thread(target=self.work, args=item, daemon=True) for item in enumerate(self.sessions)]
        for thread in self.threads:
            thread.start()

    def work(self, index, session):
        try:
            while not self.stop.is_set():
                session.active()
        except Exception as error:
            self.errors[f"work {index}"] = f"{type(error).__name__}: {error}"

    def fail_over(self):
        """Ends the load, and A with it; returns what became of the sessions on B."""
        self.stop.set()
        for thread in self.threads:
            thread.join(TIMEOUT)
        time.sleep(1)
        self.pair.a.die()
        self.pair.b.take_over()
        works = {f"session {index}": [session.alive, session.active] for index, session in enumerate(self.sessions)}
        return together(works) | self.errors


def restless(pair):
    """`pinhole sync` is killed and started again under load; nothing is lost when A dies at last."""
    pair.start_sync()
    load = Load(pair)
    for count in range(5):
        gateway = (pair.a, pair.b)[count % 2]
        gateway.stop("sync", signal.SIGKILL)
        for each in (pair.a, pair.b):
            # Written anew at least once a second.
            os.unlink(each.state + ".status")
        gateway.start_sync()
        wait_for("A to be followed", lambda: pair.a.status().get("followed"))
        wait_for("a snapshot", lambda: pair.b.status().get("records") == 8 and pair.b.status().get("peer_daemon"))
    results = load.fail_over()
    return results, {}


def slow(pair):
    """A `pinhole sync` reads nothing for a while under load; memory stays bounded, and nothing is lost when A dies at last."""
    gateway = pair.a if pair.options["victim"] == "a" else pair.b
    pair.start_sync()
    load = Load(pair)

    def memory(role):
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pair.a.processes[role].pid}/status").read())[1]) / 1024

    def edits():
        return json.loads(pair.a.ask("stats", "--json"))["edits"]

    wait_for("every session to work", lambda: edits() > 40)
    before, snapshots = {role: memory(role) for role in ("daemon", "sync")}, pair.b.status()["snapshots"]
    gateway.processes["sync"].send_signal(signal.SIGSTOP)
    begin = edits()
    wait_for("many changes", lambda: edits() > begin + int(pair.options["edits"]), 120)
    grown = {f"{role} has grown by MiB": memory(role) - before[role] for role in before}
    gateway.processes["sync"].send_signal(signal.SIGCONT)
    wait_for("a new snapshot", lambda: pair.b.status()["snapshots"] > snapshots and pair.b.status().get("lag", 9) < 1, 60)
    results = load.fail_over()
    return results, grown


class Crowd:
    """Many sessions, in each of which one line was rewritten; a process has at most 10,000 of them."""

    SHARE = 10_000
    REPLIES = {b"USER": b"331 pw", b"PASS": b"230 ok", b"PORT": b"500 no", b"NOOP": b"200 ok"}

    def __init__(self, count):
        shares = [min(self.SHARE, count - begin) for begin in range(0, count, self.SHARE)]
        sh("ip netns exec client sysctl -qw net.ipv4.ip_local_port_range='1024 65535'")
        context = multiprocessing.get_context("fork")
        for number in range(101, 104):
            sh(f"ip -n server route add 10.2.0.{number} via 10.2.0.1")
        for _ in range(len(shares) + 1):
            inside("server", context.Process(target=self.serve, daemon=True).start)
        wait_for("the server", lambda: ":21 " in sh("ip netns exec server ss -Hltn"))
        self.clients = []
        for number, share in enumerate(shares):
            source = f"10.1.0.{150 + number}"
            sh(f"ip -n client addr add {source}/24 dev lan")
            ours, theirs = context.Pipe()
            inside("client", context.Process(target=self.log_in, args=(theirs, share, source), daemon=True).start)
            self.clients.append(ours)
        self.logged_in = sum(client.recv() for client in self.clients)

    def serve(self):
        events, streams = select.epoll(), {}
        listener = socket.create_server(("10.2.0.2", 21), backlog=4096, reuse_port=True)
        events.register(listener, select.EPOLLIN)
        while True:
            for descriptor, _ in events.poll():
                if descriptor == listener.fileno():
                    stream, _ = listener.accept()
                    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    streams[stream.fileno()] = stream
                    events.register(stream, select.EPOLLIN)
                    stream.send(b"220 ready\r\n")
                    continue
                try:
                    command = streams[descriptor].recv(4096)
                    if not command:
                        raise ConnectionResetError
                    streams[descriptor].send(self.REPLIES.get(command[:4], b"500 what") + b"\r\n")
                except OSError:
                    events.unregister(descriptor)
                    streams.pop(descriptor).close()

    def log_in(self, pipe, count, source):
        """Logs in on all sessions, 64 at once; then, on each request, sends a command on all."""
        events, streams, commands, begun, ready = select.epoll(), {}, {}, 0, 0
        while ready < count:
            while begun < count and begun - ready < 64:
                stream = socket.socket()
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                stream.bind((source, 0))
                stream.settimeout(TIMEOUT)
                stream.connect(("10.2.0.2", 21))
                port = f"PORT {source.replace('.', ',')},{40 + begun // 256},{begun % 256}\r\n".encode()
                streams[stream.fileno()] = stream
                commands[stream.fileno()] = [b"USER u\r\n", b"PASS p\r\n", port]
                events.register(stream, select.EPOLLIN)
                begun += 1
            for descriptor, _ in events.poll(TIMEOUT):
                streams[descriptor].recv(4096)
                if commands[descriptor]:
                    streams[descriptor].send(commands[descriptor].pop(0))
                else:
                    ready += 1
        pipe.send(ready)
        while pipe.recv():
            pipe.send(self.ask_in(events, streams))

    def ask_in(self, events, streams):
        left, waiting, answered = list(streams), set(), 0
        end = time.monotonic() + 120
        while (left or waiting) and time.monotonic() < end:
            while left and len(waiting) < 64:
                descriptor = left.pop()
                streams[descriptor].send(b"NOOP\r\n")
                waiting.add(descriptor)
            for descriptor, _ in events.poll(1):
                waiting.discard(descriptor)
                try:
                    reply = streams[descriptor].recv(4096)
                except OSError:
                    reply = b""
                answered += reply == b"200 ok\r\n"
                if not reply:
                    events.unregister(descriptor)
        return answered

    def log_in_once(self):
        """Logs in on one more session, and ends it."""
        stream = inside("client", lambda: socket.create_connection(("10.2.0.2", 21), TIMEOUT))
        stream.settimeout(TIMEOUT)
        for command in (b"USER u", b"PASS p", b"NOOP"):
            stream.recv(4096)
            stream.send(command + b"\r\n")
        if stream.recv(4096) != b"200 ok\r\n":
            raise RuntimeError("no answer")
        stream.close()

    def ask(self):
        """Each client asks once on every session; returns how many were answered, and after how long."""
        start = time.monotonic()
        for client in self.clients:
            client.send(True)
        return sum(client.recv() for client in self.clients), time.monotonic() - start


def many(pair):
    """Many sessions, and how long the other gateway takes to have them."""
    pair.start_sync()
    count = int(pair.options["sessions"])
    crowd = Crowd(count)
    wait_for("B to have all records", lambda: pair.b.status().get("records", 0) >= count, 60)
    lag = pair.b.status()["lag"]
    wait_for("conntrackd to have all entries", lambda: external_entries(pair.b) >= count, 60)
    pair.a.die()
    commands = {}
    for option in ("-c", "-f", "-R"):
        commands[option] = timed(lambda: pair.b.conntrackd(option))
    started = pair.b.start_daemon()
    pair.b.addresses("add")
    restored = re.search(r"event=restored connections=(\d+) .*", pair.b.log("daemon"))
    answered, seconds = crowd.ask()
    results = {"all": "on" if answered == count == crowd.logged_in else f"{answered} of {count}"}
    return results, {
        "restored": int(restored[1]) if restored else 0,
        "started in": started,
        "committed in": commands["-c"],
        "all asked in": seconds,
        "lag": lag,
    }


def silent(pair):
    """Many sessions whose ends do not answer the questions of the other gateway: what that costs, and how new sessions fare."""
    pair.start_sync()
    count = int(pair.options["sessions"])
    crowd = Crowd(count)
    wait_for("B to have all records", lambda: pair.b.status().get("records", 0) >= count, 60)
    wait_for("conntrackd to have all entries", lambda: external_entries(pair.b) >= count, 60)
    # A question has no timestamps, unlike the ends' own acknowledgements.
    rule = "INPUT -p tcp --tcp-flags ALL ACK -m length --length 40"
    for host in ("client", "server"):
        sh(f"ip netns exec {host} iptables -w -A {rule}; ip netns exec {host} iptables -w -A {rule} -j DROP")
    pair.a.die()
    for option in ("-c", "-f", "-R"):
        pair.b.conntrackd(option)
    pair.b.addresses("add")
    started, begin = pair.b.start_daemon(), time.monotonic()
    spent, times = [cpu(pair.b, "daemon") / 1e6], []
    while time.monotonic() < begin + 12:
        times.append(timed(crowd.log_in_once))
        if time.monotonic() > begin + len(spent):
            spent.append(cpu(pair.b, "daemon") / 1e6)
    asked = sum(int(sh(f"ip netns exec {host} iptables -nvxL INPUT").splitlines()[2].split()[0]) for host in ("client", "server"))
    failed = json.loads(pair.b.ask("stats", "--json"))["errors"]["inject-packet"]
    later = sorted(timed(crowd.log_in_once) for _ in range(50))
    for host in ("client", "server"):
        sh(f"ip netns exec {host} iptables -w -F INPUT")
    answered, seconds = crowd.ask()
    times.sort()
    results = {"all": "on" if answered == count == crowd.logged_in else f"{answered} of {count}"}
    return results, {
        "started in": started,
        "questions": asked,
        "questions that could not be sent": failed,
        "daemon s in each second": [round(after - before, 2) for before, after in zip(spent, spent[1:])],
        "logins meanwhile": len(times),
        "login median": times[len(times) // 2],
        "login p99": times[len(times) * 99 // 100],
        "login max": times[-1],
        "login later median": later[len(later) // 2],
        "login later max": later[-1],
        "all asked in": seconds,
    }


def timed(work):
    start = time.monotonic()
    work()
    return time.monotonic() - start


def external_entries(gateway):
    """How many entries of the other gateway conntrackd holds."""
    found = re.search(r"cache external:\s+current active connections:\s+(\d+)", gateway.conntrackd("-s"))
    return int(found[1]) if found else 0


def volume(pair):
    """The cost and the lag of sync at some rate of sessions with a transfer each; alternately with and without it."""
    folder, rates = pair.options["programs"], pair.options["rates"].split(",")
    subprocess.Popen(["ip", "netns", "exec", "server", folder + "/ftp-server", "10.2.0.2"], stdout=subprocess.DEVNULL)
    wait_for("the server", lambda: ":21 " in sh("ip netns exec server ss -Hltn"))
    for host in ("client", "server"):
        sh(f"ip netns exec {host} sysctl -qw net.ipv4.ip_local_port_range='1024 65535' net.ipv4.tcp_max_tw_buckets=0")
    pair.a.run("iptables -w -I OUTPUT -o sync -p tcp -m multiport --ports 3784")
    figures = {}

    def measure(name, parallel, seconds=6):
        lags, over = [], threading.Event()

        def look():
            while not over.wait(0.05):
                lags.append(pair.b.status().get("lag", -1))
        looking = threading.Thread(target=look)
        before = volume_sent(pair.a), cpu(pair.a, "daemon"), cpu(pair.a, "sync"), cpu(pair.b, "sync")
        looking.start()
        load = json.loads(sh(f"ip netns exec client {folder}/ftp-client 10.2.0.2 {parallel} {seconds} 1024"))
        over.set()
        looking.join()
        after = volume_sent(pair.a), cpu(pair.a, "daemon"), cpu(pair.a, "sync"), cpu(pair.b, "sync")
        spent = [(then - first) / load["count"] for first, then in zip(before, after)]
        lags = sorted(lag for lag in lags if lag is not None)
        for figure, value in (
            ("sessions/s", load["rate"]), ("stalled", load.get("stalled", 0)), ("bytes/session", spent[0]),
            ("daemon us/session", spent[1]), ("sync us/session", spent[2]), ("sync of B us/session", spent[3]),
            ("lag median", lags[len(lags) // 2]), ("lag max", lags[-1]),
        ):
            figures.setdefault(f"{name}: {figure}", []).append(round(value, 6))

    for turn in range(int(pair.options.get("turns", "3"))):
        pair.start_sync()
        for rate in rates:
            measure(f"{rate} with sync", rate)
        for gateway in (pair.a, pair.b):
            gateway.stop("sync")
        for rate in rates:
            measure(f"{rate} without", rate)
    return {}, figures


def volume_sent(gateway):
    """Bytes that its sync has sent over the link."""
    return int(gateway.run("iptables -nvxL OUTPUT").splitlines()[2].split()[1])


def cpu(gateway, role):
    """CPU time of a program so far, in microseconds."""
    process = gateway.processes.get(role)
    return int(open(f"/proc/{process.pid}/schedstat").read().split()[0]) / 1e3 if process else 0


def keepalived(pair):
    """keepalived moves the addresses and calls the notify script: a crash, or a planned stop."""
    pair.start_sync()
    pair.a.addresses("del")
    pair.a.stop("daemon")
    script = pair.options["notify"]
    for gateway, priority in ((pair.a, 100), (pair.b, 50)):
        folder = gateway.folder
        open(folder + "/systemctl", "w").write(
            "#!/bin/sh\n"
            f"case $1 in start) setsid {PINHOLED} --config {folder}/conf >>{folder}/daemon.log 2>&1 </dev/null & echo $! >{folder}/pid\n"
            f"until {PINHOLE} stats --socket {gateway.socket} >/dev/null 2>&1; do sleep 0.01; done;;\n"
            f"stop) [ ! -f {folder}/pid ] || kill $(cat {folder}/pid);; esac\n")
        open(folder + "/notify", "w").write(
            f"#!/bin/sh\necho \"$(date +%s.%N) $3\" >>{folder}/states\n"
            f"CONNTRACKD='conntrackd -C {folder}/conntrackd.conf' SYSTEMCTL={folder}/systemctl {script} \"$@\" >>{folder}/notify.log 2>&1\n"
            f"echo \"$(date +%s.%N) done $3\" >>{folder}/states\n")
        os.chmod(folder + "/systemctl", 0o755)
        os.chmod(folder + "/notify", 0o755)
        text = "global_defs {\n script_user root\n enable_script_security\n dynamic_interfaces\n vrrp_garp_master_repeat 2\n}\n"
        text += f"vrrp_sync_group gateway {{\n group {{\n lan\n wan\n }}\n notify {folder}/notify\n}}\n"
        for device, number, addresses in (("lan", 61, ["10.1.0.1/24", "10.1.0.100/24"]), ("wan", 62, ["10.2.0.1/24", "10.2.0.100/24"])):
            text += (f"vrrp_instance {device} {{\n state BACKUP\n nopreempt\n interface {device}\n virtual_router_id {number}\n"
                     f" priority {priority}\n advert_int 0.3\n virtual_ipaddress {{\n" + "".join(f"  {a} dev {device}\n" for a in addresses) + " }\n}\n")
        open(folder + "/keepalived.conf", "w").write(text)
        gateway.start("keepalived", ["keepalived", "-n", "-l", "-D", "-P", "-f", folder + "/keepalived.conf", "-p", folder + "/ka.pid", "-r", folder + "/vrrp.pid"])
        if gateway is pair.a:
            wait_for("A to be master", lambda: os.path.exists(folder + "/states") and "done MASTER" in open(folder + "/states").read())
    wait_for("B to stand by", lambda: os.path.exists(pair.b.folder + "/states") and "done BACKUP" in open(pair.b.folder + "/states").read())
    wait_for("B to follow A", lambda: pair.b.status().get("snapshots", 0) > 0 and pair.b.status().get("peer_daemon"))
    sessions = {f"session {index}": Session(pair) for index in range(3)}
    for session in sessions.values():
        for _ in range(5):
            session.active()
    sessions["session 0"].announce_active()
    bulk = Session(pair)
    bulk.announce_active()
    bulk.say("client", "RETR big")
    bulk.say("server", "150 here")
    data = bulk.connect_data("server")
    transfer = Bulk(*data, 40 << 20, 10 << 20)
    time.sleep(1)
    transfer.gap = 0
    if pair.options["how"] == "crash":
        process = json.loads(pair.a.ask("status", "--json"))["process"]
        # keepalived first, which would end the daemon in order.
        pair.a.stop("keepalived", signal.SIGKILL)
        os.kill(process, signal.SIGKILL)
        pair.a.die()
    else:
        pair.a.stop("keepalived")
    silence = []
    results = {"first command": outcome(lambda: silence.append(sessions["session 1"].alive()))}
    wait_for("B to be master", lambda: "done MASTER" in open(pair.b.folder + "/states").read())
    results["announced before"] = outcome(lambda: sessions["session 0"].use("server"))
    results |= together({name: [session.alive, session.active, session.passive] for name, session in sessions.items()})
    results["transfer"] = outcome(transfer.finish, bulk.alive, bulk.active)
    for gateway in (pair.a, pair.b):
        gateway.stop("keepalived")
    return results, {"control silence": silence[0] if silence else -1, "transfer silence": transfer.gap}


def main():
    options = dict(word.split("=", 1) for word in sys.argv[5:])
    scenario = {"failover": failover, "uplinks": uplinks, "loop": loop, "back": back, "split": split, "hostile": hostile, "restless": restless, "keepalived": keepalived, "slow": slow, "many": many, "silent": silent, "volume": volume}[sys.argv[4]]
    pair = Pair(options)
    results, figures = scenario(pair)
    print(json.dumps({"sessions": results, "figures": figures, "logs": pair.logs()}))
    sys.stdout.flush()
    for gateway in (pair.a, pair.b):
        for role in list(gateway.processes):
            gateway.stop(role, signal.SIGKILL)
    # They have the standard output open.
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(0)


main()
