# SPDX-License-Identifier: GPL-2.0-or-later
"""server.py ADDRESS PORT ROOT: pyftpdlib with its default checks, anonymous, `incoming` writable.

Prints one JSON object for each data connection: `control` and `data`, the peer's address as this server sees it.
"""

import json
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import DTPHandler, FTPHandler
from pyftpdlib.servers import FTPServer


class Reporter(DTPHandler):
    def __init__(self, sock, cmd_channel):
        peers = {"control": cmd_channel.remote_ip, "data": sock.getpeername()[0]}
        print(json.dumps(peers), flush=True)
        super().__init__(sock, cmd_channel)


class Handler(FTPHandler):
    authorizer = DummyAuthorizer()
    dtp_handler = Reporter


Handler.authorizer.add_anonymous(sys.argv[3], perm="elrw")
FTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
