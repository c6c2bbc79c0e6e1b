# SPDX-License-Identifier: GPL-2.0-or-later
"""cutserver.py ADDRESS PORT ROOT HOW: an FTP server that writes its replies in pieces.

HOW is what `Cutter` takes. It has default checks as real servers have them: a data connection is made to and taken from
the control connection's peer only. Passive ports have three digits in each half, so that every 227 is equally long.
"""

import itertools
import os
import socket
import socketserver
import sys

from pieces import Cutter

address, port, root, how = sys.argv[1:]
PASSIVE_PORTS = itertools.cycle(range(160 << 8 | 100, 160 << 8 | 256))


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.cutter = Cutter(how)
        self.listener = None
        self.active = None
        self.reply("220 ready")
        for line in self.rfile:
            verb, _, argument = line.decode("latin-1").strip().partition(" ")
            command = getattr(self, "do_" + verb.lower(), None)
            self.reply(command(argument) if command else f"502 no {verb}")
            if verb == "QUIT":
                break

    def reply(self, text):
        self.cutter.send(self.request, text.encode("latin-1") + b"\r\n")

    def do_user(self, _):
        return "331 password"

    def do_pass(self, _):
        return "230 logged in"

    def do_type(self, _):
        return "200 type"

    def do_quit(self, _):
        return "221 bye"

    def do_port(self, argument):
        *numbers, high, low = argument.split(",")
        return self.connect_to(".".join(numbers), int(high) << 8 | int(low))

    def do_eprt(self, argument):
        _, _, host, data_port, _ = argument.split(argument[0])
        return self.connect_to(host, int(data_port))

    def connect_to(self, host, data_port):
        if host != self.client_address[0]:
            return f"500 {host} is not {self.client_address[0]}"
        self.active = (host, data_port)
        return "200 announced"

    def listen(self):
        family = self.request.family
        self.active = None
        self.listener = socket.create_server((address, next(PASSIVE_PORTS)), family=family, backlog=1)
        self.listener.settimeout(30)
        return self.listener.getsockname()[1]

    def do_pasv(self, _):
        data_port = self.listen()
        numbers = address.replace(".", ",")
        return f"227 Entering Passive Mode ({numbers},{data_port >> 8},{data_port & 255})"

    def do_epsv(self, _):
        return f"229 Extended Passive Mode (|||{self.listen()}|)"

    def do_retr(self, name):
        self.reply("150 here it comes")
        if self.active:
            data = socket.create_connection(self.active, timeout=30)
        else:
            with self.listener:
                data, peer = self.listener.accept()
            if peer[0] != self.client_address[0]:
                return f"425 {peer[0]} is not {self.client_address[0]}"
        with data, open(os.path.join(root, name), "rb") as file:
            data.sendfile(file)
        return "226 done"


class Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
    allow_reuse_address = True
    daemon_threads = True


Server((address, int(port)), Session).serve_forever()
