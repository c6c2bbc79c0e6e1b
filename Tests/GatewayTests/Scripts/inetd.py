# SPDX-License-Identifier: GPL-2.0-or-later
"""inetd.py ADDRESS PORT PROGRAM ARGUMENT...: a super-server, as servers without a daemon of their own need it.

Each connection becomes standard input, output and error of a new process of the program.
"""

import signal
import socket
import subprocess
import sys

address, port, *program = sys.argv[1:]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
with socket.create_server((address, int(port)), family=family, backlog=64) as listener:
    while True:
        connection, _ = listener.accept()
        with connection:
            subprocess.Popen(program, stdin=connection, stdout=connection, stderr=connection)
