# SPDX-License-Identifier: GPL-2.0-or-later
"""converse.py ADDRESS PORT PAYLOAD COUNT TELNET PACE MODE...: one session, as demanding a client as there is.

In each mode it speaks during a transfer of `pub/large` (NOOP, STAT), ends one (ABOR), and sends what it can at once; then come
COUNT transfers in the modes by turns. PAYLOAD is the local copy of `pub/payload`. TELNET is `telnet` for a server that knows
Telnet's commands, and `plain` for one that does not, or takes offence at a transfer that is cut off. PACE is `patient` if
PORT and EPRT are not to be sent before everything was answered. Says what the server replied, and `done`.
"""

import ftplib
import socket
import sys

from client import Client

address, port, payload, count, telnet, pace, *modes = sys.argv[1:]
with open(payload, "rb") as file:
    expected = file.read()


class Session(Client):
    def offer(self):
        """Announces a data connection; returns what opens it once the transfer has been asked for."""
        if self.mode in ("PORT", "EPRT"):
            listener = self.makeport()

            def accept():
                with listener:
                    return listener.accept()[0]

            return accept
        host, number = self.makepasv()
        # Connects on the announcement, like most clients.
        data = socket.create_connection((host, number), timeout=self.timeout)
        return lambda: data

    def line(self, text):
        self.sock.sendall(text.encode() + b"\r\n")

    def settle(self):
        """The codes of all replies until the server has answered everything: PWD alone is answered by 257."""
        self.line("PWD")
        codes = []
        while not codes or codes[-1] != "257":
            codes.append(self.getmultiline()[:3])
        return codes[:-1]

    def interrupt(self):
        """Speaks during a transfer."""
        open_data = self.offer()
        self.line("RETR pub/large")
        codes = [self.getmultiline()[:3]]
        with open_data() as data:
            data.recv(65536)
            self.line("NOOP")
            data.recv(65536)
            self.line("STAT")
            self.line("NOOP")
            while data.recv(1 << 20):
                pass
        return codes + self.settle()

    def abort(self):
        """Ends a transfer: where it can with Telnet's Synch (IAC IP IAC, the last one urgent, then DM), and cuts it off."""
        open_data = self.offer()
        self.line("RETR pub/large")
        codes = [self.getmultiline()[:3]]
        with open_data() as data:
            data.recv(65536)
            if telnet == "telnet":
                self.sock.send(b"\xff\xf4\xff", socket.MSG_OOB)
                self.sock.sendall(b"\xf2")
            self.line("ABOR")
            while telnet == "plain" and data.recv(1 << 20):
                pass
        return codes + self.settle()

    def pipeline(self):
        """Sends in one segment what needs no answer in between."""
        if self.mode in ("PASV", "EPSV"):
            open_data = self.offer()
            announcement = []
        else:
            listener = socket.create_server((self.sock.getsockname()[0], 0), family=self.af)
            host, number = listener.getsockname()[:2]
            if self.mode == "PORT":
                numbers = host.split(".") + [str(number // 256), str(number % 256)]
                announcement = ["PORT " + ",".join(numbers)]
            else:
                announcement = [f"EPRT |{2 if ':' in host else 1}|{host}|{number}|"]
            open_data = lambda: listener.accept()[0]
        ahead = [] if pace == "patient" else ["NOOP"]
        self.line("\r\n".join(ahead + announcement + ["RETR pub/payload", "NOOP"]))
        with open_data() as data:
            self.check(b"".join(iter(lambda: data.recv(65536), b"")))
        return self.settle()

    def check(self, contents):
        if contents != expected:
            sys.exit(f"{self.mode}: the file came wrong, {len(contents)} bytes")


session = Session(address, int(port))
print("greeting", repr(session.welcome))
session.voidcmd("TYPE I")
for mode in modes:
    session.choose(mode)
    for act in (session.interrupt, session.abort, session.pipeline):
        codes = act()
        print(mode, act.__name__, *codes, flush=True)
        if act != session.abort and not {"226", "250"} & set(codes):
            sys.exit("the transfer was not completed")
for turn in range(int(count)):
    session.choose(modes[turn % len(modes)])
    session.check(session.read("pub/payload"))
try:
    session.quit()
except (EOFError, ftplib.Error, ConnectionError) as error:
    print("QUIT", repr(error))
print("done")
