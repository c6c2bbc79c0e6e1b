# SPDX-License-Identifier: GPL-2.0-or-later
"""The honest ends: what they say, and what they mean by it.

Sockets are not theirs: they hear bytes, and answer with lines.
"""

from dataclasses import dataclass


@dataclass
class Utterance:
    """Something that an honest application says."""

    text: bytes
    port: int = 0  # of a data connection, if it announces one
    asks: bool = False  # the other end for one
    is_last: bool = False


LOGIN = [b"220 hi\r\n", b"331 pw\r\n", b"230 in\r\n", b"200 ok\r\n"]


class WebClient:
    """A browser, or whatever else speaks no FTP, that lets a page choose much of what it says.

    It makes one request at once, and one more each time that something comes back.
    """

    speaks_ftp = False

    def __init__(self, requests):
        self.requests = requests
        self.answers = 0

    def begin(self):
        return [Utterance(self.requests.pop())] if self.requests else []

    def hear(self, _):
        self.answers += 1
        return self.begin()

    def awaited(self):
        """The reply that would let it log in, if what it has said last was for that."""
        return LOGIN[min(self.answers, len(LOGIN) - 1)]


class Lines:
    """Takes a stream apart."""

    def __init__(self):
        self.rest = b""

    def read(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.rest = self.rest[-8192:]
        return [line.removesuffix(b"\r") for line in lines]


class FTPClient:
    """A client that logs in and then gives its commands, some with words that somebody else has chosen."""

    speaks_ftp = True

    def __init__(self, commands, is_pipelining=False, hello=None):
        self.commands = commands  # the last one first
        self.is_pipelining = is_pipelining
        self.hello = hello  # asks for TLS first, and begins it with these bytes
        self.stage = "greeting"
        self.lines = Lines()
        self.continued = None
        self.has_asked_last = False

    def begin(self):
        return []

    def hear(self, data):
        if self.stage == "encrypted":
            return [Utterance(b"\x17\x03\x03\0\3PQR")]
        answers = []
        for line in self.lines.read(data):
            code, mark = line[:3], line[3:4]
            if len(code) < 3 or not code.isdigit() or mark not in (b"", b" ", b"-"):
                continue
            if self.continued:
                if code != self.continued or mark == b"-":
                    continue
                self.continued = None
            elif mark == b"-":
                self.continued = code
                continue
            if code[:1] != b"1":
                answers += self._answer(code)
            if self.stage == "encrypted":
                break
        return answers

    def _answer(self, code):
        good = code < b"400"
        if self.stage == "greeting":
            if not good:
                return self._quit()
            if self.hello:
                self.stage = "secured"
                return [Utterance(b"AUTH TLS\r\n")]
            return self._log_in()
        if self.stage == "secured":
            if code != b"234":
                return self._log_in()
            self.stage = "encrypted"
            return [Utterance(self.hello)]
        if self.stage == "user":
            if code == b"230":
                return self._next("ready")
            if code not in (b"331", b"332"):
                return self._quit()
            self.stage = "password"
            return [] if self.is_pipelining else [Utterance(b"PASS x@y\r\n")]
        if self.stage == "password":
            return self._next("ready") if code < b"300" else self._quit()
        return self._next("ready") if self.stage == "ready" else []

    def _log_in(self):
        self.stage = "user"
        if not self.is_pipelining:
            return [Utterance(b"USER anonymous\r\n")]
        commands, self.commands = self.commands[::-1], []
        return [Utterance(b"USER anonymous\r\nPASS x@y\r\n"), *commands]

    def _next(self, stage):
        self.stage = stage
        commands = [self.commands.pop()] if self.commands else []
        self.has_asked_last = any(command.asks for command in commands)
        return commands

    def _quit(self):
        self.stage = "over"
        return [Utterance(b"QUIT\r\n", is_last=True)]

    def awaited(self):
        """The reply that it would like to get; `None` if that is an announcement."""
        if self.stage in ("greeting", "user", "password"):
            return LOGIN[("greeting", "user", "password").index(self.stage)]
        if self.stage == "secured":
            return b"234 go on\r\n"
        return None if self.has_asked_last else LOGIN[3]


class FTPServer:
    """A server that accepts known users, and whose replies quote the commands.

    `quoting` says how a reply of several lines does (RFC 959, section 4.2): each line begins with the code and a hyphen
    ("marked"), one that might be taken for a reply begins with a blank ("padded"), or only one that has its code ("bare").
    """

    speaks_ftp = True

    def __init__(self, quoting, accepts_logins, announce):
        self.quoting, self.accepts_logins = quoting, accepts_logins
        self.announce = announce  # makes the reply to PASV (`False`) or EPSV (`True`)
        self.lines = Lines()
        self.is_logged_in = self.has_user = self.is_over = False

    def begin(self):
        return [Utterance(b"220-welcome\r\n220 ready\r\n")]

    def hear(self, data):
        answers = []
        for line in self.lines.read(data):
            if not self.is_over:
                answers.append(self._answer(line))
        return answers

    def awaited(self):
        """A command that is of use now."""
        if self.is_logged_in:
            return None
        return b"PASS b\r\n" if self.has_user else b"USER a\r\n"

    def _answer(self, line):
        verb, _, argument = line.partition(b" ")
        verb = verb.upper()
        if verb == b"USER":
            self.is_logged_in, self.has_user = False, True
            return Utterance(b"331 Password required for " + argument + b"\r\n")
        if verb == b"PASS":
            self.is_logged_in, self.has_user = self.accepts_logins, False
            return Utterance(b"230 in\r\n" if self.accepts_logins else b"530 Login incorrect.\r\n")
        if verb == b"QUIT":
            self.is_over = True
            return Utterance(b"221 bye\r\n", is_last=True)
        if verb == b"REIN":
            self.is_logged_in = False
        fixed = {
            b"NOOP": b"200 ok\r\n",
            b"HELP": b"214-Commands:\r\n USER PASV PORT\r\n214 end\r\n",
            b"AUTH": b"502 no TLS\r\n",
            b"REIN": b"220 ready\r\n",
        }
        if verb in fixed:
            return Utterance(fixed[verb])
        if not self.is_logged_in:
            return Utterance(b"530 Please login with USER and PASS.\r\n")
        if verb in (b"PASV", b"EPSV"):
            return self.announce(verb == b"EPSV")
        if verb == b"STAT":
            return Utterance(self._status(argument))
        replies = {
            b"PORT": b"200 ok\r\n",
            b"EPRT": b"200 ok\r\n",
            b"CWD": b'250 CWD successful. "%s" is current.\r\n' % argument,
            b"RETR": b"550 %s: No such file\r\n" % argument,
            b"LIST": b"150 here it comes\r\n226 done\r\n",
            b"ABOR": b"226 nothing to abort\r\n",
        }
        return Utterance(replies.get(verb, b"500 '%s': command not understood\r\n" % line))

    def _status(self, names):
        """A listing, as a reply, of files that have these names, with a bar between."""
        text = b"213-status of files:\r\n"
        for name in names.split(b"|"):
            looks_like_reply = len(name) > 2 and name[:3].isdigit()
            if self.quoting == "marked":
                text += b"213-"
            elif self.quoting == "padded" and looks_like_reply or self.quoting == "bare" and name[:3] == b"213":
                text += b" "
            text += name + b"\r\n"
        return text + b"213 end\r\n"
