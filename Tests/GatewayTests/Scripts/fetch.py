# SPDX-License-Identifier: GPL-2.0-or-later
"""fetch.py ADDRESS PORT MODE PATH: writes a file of the server to standard output."""

import sys

from client import Client

address, port, mode, path = sys.argv[1:]
session = Client(address, int(port), mode)
sys.stdout.buffer.write(session.read(path))
session.quit()
