# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays FTP clients through a gateway while its firewall changes, and prints what became of them.

usage: probe.py SERVER SECONDS COMMAND..., where the command succeeds while the rules are loaded

One client has a session since before, in which lines were rewritten, and goes on asking. Others come every 50 ms, each for one
transfer in active mode. The output is lines of NAME=VALUE:

    session   what became of the one session: `goes on`, `reset`, `ended` or `silent`; `cut, ...` if a command of it reached the
              server without its beginning, which nobody can prevent while the rules are gone; or `garbled`
    wait      the longest time that it waited for a reply, in seconds
    clients   how many others came, and `failed` how many of those had no transfer within three seconds
    outage    from the first that failed to the last, in seconds
    gone      for how long the rules were gone at most, in seconds; a restart may take them away twice
"""
import socket
import subprocess
import sys
import threading
import time

SERVER, SECONDS, COMMAND = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
CONTENT = None
END = time.monotonic() + SECONDS


class Garbled(Exception):
    pass


class Client:
    def __init__(self, timeout):
        self.socket = socket.create_connection((SERVER, 21), timeout)
        self.socket.settimeout(timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.socket.makefile("rb", newline=b"\n")
        self.expect("220")
        self.ask("USER anonymous", "331")
        self.ask("PASS -", "230")

    def expect(self, code):
        line = self.lines.readline()
        if not line:
            raise EOFError
        if not line.startswith(code.encode() + b" ") or not line.endswith(b"\r\n"):
            raise Garbled(line)

    def ask(self, line, code):
        self.socket.sendall(line.encode() + b"\r\n")
        self.expect(code)

    def fetch(self):
        """Fetches the file in active mode, which NAT has to rewrite."""
        with socket.create_server((self.socket.getsockname()[0], 0)) as listener:
            listener.settimeout(self.socket.gettimeout())
            address, port = listener.getsockname()
            self.ask(f"PORT {address.replace('.', ',')},{port // 256},{port % 256}", "200")
            self.ask("RETR small", "150")
            data = listener.accept()[0]
            with data:
                data.settimeout(self.socket.gettimeout())
                content = b""
                while piece := data.recv(65536):
                    content += piece
            self.expect("226")
        return content


result = {"session": "goes on", "wait": 0.0}
attempts = []
absences = [0.0]


def keep_session():
    client = Client(20)
    if client.fetch() != CONTENT:
        raise Garbled
    ready.set()
    turn = 0
    cut = False
    try:
        while time.monotonic() < END:
            begin = time.monotonic()
            turn += 1
            try:
                if turn % 20:
                    client.ask("NOOP", "200")
                elif client.fetch() != CONTENT:
                    raise Garbled(b"content")
            except Garbled as error:
                if cut or not error.args[0].startswith(b"500 "):
                    raise
                cut = True
            result["wait"] = max(result["wait"], time.monotonic() - begin)
            time.sleep(0.05)
    except (ConnectionResetError, BrokenPipeError):
        result["session"] = "reset"
    except EOFError:
        result["session"] = "ended"
    except TimeoutError:
        result["session"] = "silent"
    except Garbled as line:
        result["session"] = f"garbled {line}"
    if cut and not result["session"].startswith("garbled"):
        result["session"] = f"cut, {result['session']}"
    result["wait"] = max(result["wait"], time.monotonic() - begin)


def attempt():
    begin = time.monotonic()
    try:
        isGood = Client(3).fetch() == CONTENT
    except (OSError, EOFError, Garbled):
        isGood = False
    attempts.append((begin, isGood and time.monotonic() - begin < 3))


def look():
    missing_since = None
    while time.monotonic() < END:
        begin = time.monotonic()
        if subprocess.run(COMMAND, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
            missing_since = missing_since or begin
            absences.append(begin - missing_since + 0.01)
        else:
            missing_since = None
        time.sleep(0.01)


CONTENT = Client(10).fetch()
ready = threading.Event()
threads = [threading.Thread(target=keep_session), threading.Thread(target=look)]
for thread in threads:
    thread.start()
ready.wait(20)
print("ready", flush=True)
while time.monotonic() < END - 3:
    threads.append(threading.Thread(target=attempt))
    threads[-1].start()
    time.sleep(0.05)
for thread in threads:
    thread.join()
failed = [begin for begin, isGood in attempts if not isGood]
result |= {
    "clients": len(attempts),
    "failed": len(failed),
    "outage": max(failed) - min(failed) + 0.05 if failed else 0.0,
    "gone": max(absences),
}
for name, value in result.items():
    print(f"{name}={value:.2f}" if isinstance(value, float) else f"{name}={value}")
