# SPDX-License-Identifier: GPL-2.0-or-later
"""ftplib with a free choice of how data connections are announced, for the scripts beside it."""

import ftplib
import socket


class Client(ftplib.FTP):
    """An anonymous session whose `mode` is PORT, EPRT, PASV or EPSV, whatever the address family."""

    # Believe the address of a 227: that it is right is what the tests are about.
    trust_server_pasv_ipv4_address = True

    def __init__(self, address, port, mode="PASV", source=None, timeout=20, source_port=0):
        super().__init__(timeout=timeout, source_address=(source, source_port) if source else None)
        self.connect(address, port)
        # For data connections.
        self.source_address = (source, 0) if source else None
        self.login()
        self.choose(mode)

    def choose(self, mode, port=0):
        """Announce the next data connection with `mode`; PORT and EPRT listen on `port` (0: any)."""
        self.mode = mode
        self.data_port = port
        self.set_pasv(mode in ("PASV", "EPSV"))

    def makepasv(self):
        if self.mode == "EPSV":
            return ftplib.parse229(self.sendcmd("EPSV"), self.sock.getpeername())
        return ftplib.parse227(self.sendcmd("PASV"))

    def makeport(self):
        address = self.sock.getsockname()[0]
        listener = socket.create_server((address, self.data_port), family=self.af, backlog=1)
        listener.settimeout(self.timeout)
        port = listener.getsockname()[1]
        if self.mode == "EPRT":
            self.sendeprt(address, port)
        else:
            self.sendport(address, port)
        return listener

    def read(self, path):
        """The bytes of a file of the server."""
        parts = []
        self.retrbinary("RETR " + path, parts.append)
        return b"".join(parts)
