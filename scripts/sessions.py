# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps FTP sessions up through a gateway that NAT makes rewrite their lines, and notes how long each waits.

usage: sessions.py serve ADDRESS FOLDER, where the server is
       sessions.py play ADDRESS FOLDER, where the clients are

ADDRESS is the server's. FOLDER gets a file `log` with a line for each exchange, BEGIN END SESSION KIND [WHAT]: times in seconds
since the epoch, and for the session:

    active    asks without pause, with a transfer in active mode now and then
    passive   the same in passive mode
    stream    has an active transfer that never ends; its lines tell the longest time without data
    quiet     has had transfers in active mode, is silent, and has one more each time that the file `asked` changes

KIND is `line`, `transfer` or `data`, or `lost` with the reason. FOLDER also gets a file `wrong`, with a line for all that arrived
otherwise than the other end had said it: nobody may get a command without its first bytes, or a private address.
"""
import os
import re
import socket
import sys
import threading
import time

ROLE, SERVER, FOLDER = sys.argv[1:]
# Which a PORT command leads to, once it is rewritten.
SHOWN = os.environ.get("SHOWN", "10.2.0.100")
SMALL = bytes(range(250)) * 80
# Of the endless file: a counter in each.
BLOCK = 20000
TIMEOUT = 30
lock = threading.Lock()


def write(name, line):
    with lock, open(f"{FOLDER}/{name}", "a") as file:
        file.write(line + "\n")


class Wrong(Exception):
    pass


def listening(address, port=0):
    listener = socket.create_server((address, port), backlog=50)
    listener.settimeout(TIMEOUT)
    return listener


# --- The server ---


class Server:
    def __init__(self, control):
        self.control = control
        self.control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.listener = self.target = None

    def say(self, line):
        self.control.sendall(line.encode() + b"\r\n")

    def run(self):
        self.say("220 ready")
        for line in self.control.makefile("rb", newline=b"\n"):
            if not re.fullmatch(rb"(USER|PASS|NOOP|PORT|RETR) [!-~]+\r\n|PASV\r\n", line):
                write("wrong", f"the server got {line!r}")
                break
            verb, _, operand = line.decode().strip().partition(" ")
            getattr(self, verb.lower())(operand)

    def user(self, _):
        self.say("331 password")

    def PASS(self, _):
        self.say("230 welcome")

    def noop(self, number):
        self.say(f"200 {number}")

    def port(self, operand):
        numbers = operand.split(",")
        address = ".".join(numbers[:4])
        if address != SHOWN:
            write("wrong", f"the server got PORT with {address}")
        self.target = (address, int(numbers[4]) * 256 + int(numbers[5]))
        self.say("200 PORT")

    def pasv(self, _):
        self.listener = listening(SERVER)
        port = self.listener.getsockname()[1]
        self.say(f"227 Entering Passive Mode ({SERVER.replace('.', ',')},{port // 256},{port % 256})")

    def retr(self, name):
        self.say("150 here it comes")
        if self.listener:
            data = self.listener.accept()[0]
            self.listener.close()
            self.listener = None
        else:
            data = socket.create_connection(self.target, TIMEOUT)
        with data:
            if name == "small":
                data.sendall(SMALL)
            else:
                self.stream(data)
        self.say("226 done")

    def stream(self, data):
        """A megabyte a second, until nobody wants it any more."""
        number = 0
        try:
            while True:
                data.sendall(b"%020d" % number * (BLOCK // 20))
                number += 1
                time.sleep(0.02)
        except OSError:
            pass


setattr(Server, "pass", Server.PASS)


def serve():
    listener = listening(SERVER, 21)
    listener.settimeout(None)
    while True:
        control = listener.accept()[0]

        def run(server=Server(control)):
            with server.control:
                try:
                    server.run()
                except OSError as error:
                    write("log", f"{time.time():.3f} {time.time():.3f} server lost {error}")

        threading.Thread(target=run, daemon=True).start()


# --- The clients ---


class Session:
    def __init__(self, name):
        self.name = name
        self.number = 0

    def open(self):
        self.control = socket.create_connection((SERVER, 21), TIMEOUT)
        self.control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.control.makefile("rb", newline=b"\n")
        self.expect("220 ready")
        self.ask("USER anonymous", "331 password")
        self.ask("PASS secret", "230 welcome")

    def expect(self, reply):
        line = self.lines.readline()
        if not line:
            raise EOFError("the connection has ended")
        if not re.fullmatch(reply.encode() + b"\r\n", line):
            raise Wrong(f"{self.name} got {line!r} instead of {reply}")
        return line.decode()

    def ask(self, line, reply):
        self.control.sendall(line.encode() + b"\r\n")
        return self.expect(reply)

    def note(self, kind, begin):
        write("log", f"{begin:.3f} {time.time():.3f} {self.name} {kind}")

    def noop(self):
        begin = time.time()
        self.number += 1
        self.ask(f"NOOP {self.number}", f"200 {self.number}")
        self.note("line", begin)

    def connect(self, name, is_passive=False):
        """Asks for a file; returns the data connection."""
        if is_passive:
            reply = self.ask("PASV", r"227 .*\([0-9,]+\)")
            numbers = re.search(r"\(([0-9,]+)\)", reply)[1].split(",")
            self.control.sendall(f"RETR {name}\r\n".encode())
            data = socket.create_connection((".".join(numbers[:4]), int(numbers[4]) * 256 + int(numbers[5])), TIMEOUT)
        else:
            with listening(self.control.getsockname()[0]) as listener:
                address, port = listener.getsockname()
                self.ask(f"PORT {address.replace('.', ',')},{port // 256},{port % 256}", "200 PORT")
                self.control.sendall(f"RETR {name}\r\n".encode())
                data = listener.accept()[0]
        data.settimeout(TIMEOUT)
        self.expect("150 here it comes")
        return data

    def fetch(self, is_passive=False):
        begin = time.time()
        content = b""
        with self.connect("small", is_passive) as data:
            while piece := data.recv(65536):
                content += piece
        self.expect("226 done")
        if content != SMALL:
            raise Wrong(f"{self.name} got another file")
        self.note("transfer", begin)

    def active(self, is_passive=False):
        while True:
            self.fetch(is_passive)
            for _ in range(20):
                self.noop()
                time.sleep(0.02)

    def passive(self):
        self.active(True)

    def stream(self):
        self.fetch()
        count = 0
        with self.connect("endless") as data:
            gap = (0, 0, 0)
            noted = last = time.time()
            while piece := data.recv(65536):
                now = time.time()
                for position in range(-count % 20, len(piece) - 19, 20):
                    if int(piece[position : position + 20]) != (count + position) // BLOCK:
                        raise Wrong("stream got other data")
                count += len(piece)
                gap = max(gap, (now - last, last, now))
                last = now
                if now - noted >= 0.25 or gap[0] >= 0.25:
                    write("log", f"{gap[1]:.3f} {gap[2]:.3f} {self.name} data")
                    gap = (0, 0, 0)
                    noted = now
        raise EOFError("the transfer has ended")

    def quiet(self):
        asked = None
        while True:
            try:
                now = open(f"{FOLDER}/asked").read()
            except FileNotFoundError:
                now = ""
            if now != asked:
                asked = now
                self.fetch()
                self.noop()
            time.sleep(0.02)

    def run(self):
        try:
            self.open()
            getattr(self, self.name)()
        except Wrong as error:
            write("wrong", str(error))
        except (OSError, EOFError) as error:
            write("log", f"{time.time():.3f} {time.time():.3f} {self.name} lost {error!r}")


if ROLE == "serve":
    serve()
threads = [threading.Thread(target=Session(name).run) for name in ("active", "passive", "stream", "quiet")]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
