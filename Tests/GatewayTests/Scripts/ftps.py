# SPDX-License-Identifier: GPL-2.0-or-later
"""ftps.py ADDRESS PORT MODE TLS PATH COUNT: writes a file of the server to standard output, read COUNT times over TLS.

MODE is PORT, PASV or EPSV, TLS `explicit` or `implicit`. Each data connection takes up the TLS session of the control connection.
"""

import ftplib
import ssl
import sys


class Client(ftplib.FTP_TLS):
    trust_server_pasv_ipv4_address = True
    is_implicit = False
    mode = "EPSV"

    def connect(self, *arguments, **named):
        """With implicit TLS the greeting is encrypted, too."""
        if not self.is_implicit:
            return super().connect(*arguments, **named)
        make = ftplib.socket.create_connection
        ftplib.socket.create_connection = lambda *a, **n: self.context.wrap_socket(make(*a, **n))
        try:
            return super().connect(*arguments, **named)
        finally:
            ftplib.socket.create_connection = make

    def makepasv(self):
        if self.mode == "EPSV":
            return ftplib.parse229(self.sendcmd("EPSV"), self.sock.getpeername())
        return ftplib.parse227(self.sendcmd("PASV"))

    def ntransfercmd(self, cmd, rest=None):
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        return self.context.wrap_socket(connection, session=self.sock.session), size


address, port, mode, tls, path, count = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
# A TLS 1.3 session can be resumed only after its tickets have been read.
context.maximum_version = ssl.TLSVersion.TLSv1_2
session = Client(timeout=20, context=context)
session.is_implicit = tls == "implicit"
session.mode = mode
session.connect(address, int(port))
if not session.is_implicit:
    session.auth()
session.login(secure=False) if session.is_implicit else session.login()
session.prot_p()
session.set_pasv(mode != "PORT")
for _ in range(int(count)):
    parts = []
    session.retrbinary("RETR " + path, parts.append)
sys.stdout.buffer.write(b"".join(parts))
sys.stdout.buffer.flush()
session.quit()
