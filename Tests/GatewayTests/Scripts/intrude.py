# SPDX-License-Identifier: GPL-2.0-or-later
"""intrude.py CLIENT SEEN SERVER: plays attacks on a gateway that follows FTP, as standard input asks for them.

CLIENT is the address of the client's host, SEEN the one under which servers know it, SERVER that of the server's host. Whoever
deceives is a raw end, and so is its victim where that has to lose something: with an address that nobody has, of the same
network. Each line of standard input is a JSON array, the name of an act and its arguments. Says `done N` after line N. What
goes otherwise than the attacker wants it ends the program, but for a connection that is cut off.
"""

import contextlib
import errno
import json
import re
import select
import socket
import struct
import subprocess
import sys
import time

from ends import connect, inside, read
from ends import say as tell
from raw import (
    ACK,
    FIN,
    TIMEOUT,
    PSH,
    RST,
    SYN,
    SYN_OPTIONS,
    End,
    Wire,
    connection,
    ip,
    log_in,
    packed,
    say,
    tcp,
    with_ip_checksum,
)

client_host, seen_host, server_host = sys.argv[1:]
is_v6 = ":" in client_host
family = socket.AF_INET6 if is_v6 else socket.AF_INET


def neighbour(address):
    return re.sub("[0-9a-f]+$", "9", address)


def port_line(address, port=5001):
    """The client's announcement that it listens."""
    if is_v6:
        return f"EPRT |2|{address}|{port}|\r\n".encode()
    return f"PORT {address.replace('.', ',')},{port >> 8},{port & 255}\r\n".encode()


def passive_reply(address, port):
    """The server's announcement that it listens."""
    if is_v6:
        return f"229 ok (|||{port}|)\r\n".encode()
    return f"227 ok ({address.replace('.', ',')},{port >> 8},{port & 255})\r\n".encode()


client_address, server_address = neighbour(client_host), neighbour(server_host)
seen_address = client_address if seen_host == client_host else seen_host
PASV = b"EPSV\r\n" if is_v6 else b"PASV\r\n"
# A request that a page lets a browser send, and what a server answers that wants it to be taken for FTP.
HEAD = b"POST / HTTP/1.1\r\nHost: server:21\r\n\r\n"
SHORT_HEAD = b"GET / HTTP\r\n\r\n"
LOGIN = b"USER a\r\nPASS b\r\n"
GREETING = b"220 hello\r\n331 password\r\n230 welcome\r\n" + b"200 ok\r\n" * 5
MSG_FASTOPEN, TCP_FASTOPEN_NO_COOKIE = 0x20000000, 34

wires = {host: Wire(host) for host in ("client", "server", "stranger")}
ports = iter(range(40000, 50000))
kept = {}


def cross_bridge():
    """Client and server are of one network, and send to each other's own addresses on the link."""
    global server_address
    server_address = server_address[:-1] + "8"
    wires["client"].gateway, wires["server"].gateway = wires["server"].address, wires["client"].address


# Packets


def dying(packet):
    """The same packet, but the gateway is the last that it reaches."""
    if packet[0] >> 4 == 6:
        return packet[:7] + b"\1" + packet[8:]
    return with_ip_checksum(packet[:8] + b"\1" + packet[9:])


def fragments(packet, size=1400):
    """The packet in pieces, as IP has them."""
    head = 40 if is_v6 else 20
    ends = (packet[8:24], packet[24:40]) if is_v6 else (packet[12:16], packet[16:20])
    data = packet[head:]
    for offset in range(0, len(data), size):
        piece, more = data[offset : offset + size], offset + size < len(data)
        if is_v6:
            yield ip(*ends, struct.pack("!BBHI", 6, 0, offset | more, 77) + piece, protocol=44)
        else:
            yield ip(*ends, piece, fragment=offset >> 3 | more << 13, identification=77)


# A real client that dials a server which it should not


def raw_server():
    return End(wires["server"], server_address, 21)


def take_syn(server):
    head, payload = server.next_segment(anybody=True)
    server.far_start = head[2] + 1
    server.view = dict(enumerate(payload))


def begin_dialling():
    with inside("client"):
        client = socket.socket(family)
    client.setblocking(False)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def dial():
    """A client's connection, as its SYN has come to the server."""
    server, client = raw_server(), begin_dialling()
    client.connect_ex((server_address, 21))
    take_syn(server)
    return client, server


def answer(server, accepts=0, options=SYN_OPTIONS):
    """The server's SYN-ACK; it says that it has so much of what came with the SYN."""
    server.acknowledged = accepts
    server.emit(server.start, server.far_start + accepts, SYN | ACK, b"", options)
    server.start += 1


def is_connected(client):
    """Waits until the client is; `False` if it was turned away."""
    if not select.select([], [client], [], TIMEOUT)[1]:
        raise SystemExit("the client never connected")
    error = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error not in (0, errno.ECONNREFUSED, errno.ECONNRESET):
        raise SystemExit(f"the client did not connect: error {error}")
    client.settimeout(TIMEOUT)
    return not error


def arrives(server, end, timeout=1.0):
    """Waits until the client's stream has come up to its byte `end`, for a while, or until it is cut off."""
    deadline = time.monotonic() + timeout
    while server.acknowledged + len(server.text(server.acknowledged)) < end and time.monotonic() < deadline:
        if server.flags & RST:
            break
        server.segment(0.02)


def request(client, server, handed=b"", head=HEAD):
    """The client makes its request, part by part, and the server plays along; `handed` is what it has sent already."""
    text = head + LOGIN + port_line(client_host)
    login, whole = len(head + LOGIN), len(text)
    if not is_connected(client):
        return
    for end, reply in ((len(head), b""), (login, GREETING), (whole, b"200 fine\r\n")):
        if server.acknowledged >= end:
            continue
        more = text[len(handed) : end]
        handed += more
        try:
            client.sendall(more)
        except ConnectionError:
            break
        arrives(server, end)
        if server.flags & RST:
            break
        # It may say so of what it has not got, too.
        server.acknowledged = end
        server.send(reply, flags=ACK | PSH if reply else ACK)
    server.send(flags=ACK | RST)
    client.close()


def bare_acknowledgement():
    """In front of the SYN-ACK comes an ACK, which the client passes over."""
    client, server = dial()
    server.emit(server.start + 1, server.far_start, ACK)
    answer(server)
    request(client, server)


def simultaneous_open(is_split=False):
    """The server sends a SYN of its own, and the client the SYN-ACK; split, an ACK of the client's SYN goes before."""
    client, server = dial()
    if is_split:
        server.emit(server.start + 1, server.far_start, ACK)
    server.emit(server.start, 0, SYN, b"", SYN_OPTIONS)
    server.wait(lambda: server.flags & ACK, "the client's SYN-ACK")
    server.start += 1
    server.send(flags=ACK)
    request(client, server)


def split_handshake():
    simultaneous_open(is_split=True)


def giant():
    """The SYN-ACK comes as fragments of a packet as long as IP can have, which is longer than what a queue shows."""
    client, server = dial()
    text = b"z" * (65535 - (0 if is_v6 else 20) - 20 - len(SYN_OPTIONS))
    packet = server.packet(server.start, server.far_start, SYN | ACK, text, SYN_OPTIONS)
    for fragment in fragments(packet):
        server.wire.send(fragment)
    server.start += 1
    request(client, server)


def false_acknowledgement(distance):
    """A SYN-ACK that dies on the way says that the client's stream begins elsewhere, the true one follows."""
    client, server = dial()
    accepts = len(HEAD) if distance == "more" else -1000
    lie = server.packet(server.start, server.far_start + accepts, SYN | ACK, b"", SYN_OPTIONS)
    server.wire.send(dying(lie))
    answer(server)
    if accepts < 0 and is_connected(client):
        # An old segment, which the client ignores.
        server.emit(server.start, server.far_start + accepts + 1, ACK)
    request(client, server)


def fast_open(has_cookie=""):
    """The head of the request travels in the SYN."""
    subprocess.run(["ip", "netns", "exec", "client", "sysctl", "-qw", "net.ipv4.tcp_fastopen=1"], check=True)
    if has_cookie:
        server, client = raw_server(), begin_dialling()
        with contextlib.suppress(BlockingIOError):
            client.sendto(b"x", MSG_FASTOPEN, (server_address, 21))
        take_syn(server)
        answer(server, options=b"\x02\x04\x05\xb4\x22\x0acookie!!\x01\x01")
        is_connected(client)
        server.send(flags=ACK | RST)
        client.close()
    server, client = raw_server(), begin_dialling()
    if not has_cookie:
        client.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1)
    handed = HEAD + LOGIN
    if client.sendto(handed, MSG_FASTOPEN, (server_address, 21)) != len(handed):
        raise SystemExit("the client sends no data with its SYN")
    take_syn(server)
    answer(server, accepts=len(HEAD))
    request(client, server, handed)


def fast_open_begin():
    """The head of the request is in the SYN, which is still unanswered."""
    server, client = kept["fast open"] = raw_server(), begin_dialling()
    client.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1)
    client.sendto(HEAD, MSG_FASTOPEN, (server_address, 21))
    take_syn(server)


def fast_open_end():
    """The server says that it has what came with that SYN."""
    server, client = kept["fast open"]
    answer(server, accepts=len(HEAD))
    request(client, server, HEAD)


def fast_open_without_options():
    """The same of a client whose SYN has no option but the MSS, so that it is no longer than the ordinary SYN of another."""
    names = [f"net.ipv4.tcp_{name}" for name in ("timestamps", "sack", "window_scaling")]
    for value in (0, 1):
        settings = ["net.ipv4.tcp_fastopen=1"] + [f"{name}={value}" for name in names]
        subprocess.run(["ip", "netns", "exec", "client", "sysctl", "-qw"] + settings, check=True)
        if value == 0:
            server, client = raw_server(), begin_dialling()
            client.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1)
            client.sendto(SHORT_HEAD, MSG_FASTOPEN, (server_address, 21))
            take_syn(server)
    answer(server, accepts=len(SHORT_HEAD), options=b"\x02\x04\x05\xb4")
    request(client, server, SHORT_HEAD, SHORT_HEAD)


# Holes, between two that are raw


def pair(name):
    """A connection that is kept under a name."""
    kept[name] = connection((wires["client"], wires["server"]), client_address, server_address, next(ports))
    return kept[name]


def hole_in_command():
    """The head of a client's line, up to the PORT in it, is lost before the gateway, but the server has it."""
    client, server = pair("hole")
    log_in(client, server)
    line = b"RETR " + b"a" * 100 + port_line(client_address)
    cut, middle, place = 40, len(b"RETR " + b"a" * 100), client.sent
    client.send(line[cut:], at=place + cut)
    server.acknowledged += middle
    server.send(flags=ACK)
    client.send(line[middle:], at=place + middle)
    client.sent += len(line)
    server.acknowledged = client.arrived = client.sent
    say(server, client, b"550 no such file\r\n")


def after_hole_in_command():
    """Behind it the client's lines are its own again."""
    client, server = kept["hole"]
    say(client, server, port_line(client_address), port_line(seen_address))


def hole_in_reply():
    """The head of a server's line, up to the quotation in it, is lost before the gateway, but the client has it."""
    client, server = pair("hole")
    log_in(client, server)
    say(client, server, b"CWD x\r\n" + PASV)
    quotation = passive_reply(server_address, 3306)
    line = b'500 Command "x' + quotation[:-2] + b'"\r\n'
    cut, place = line.index(quotation[:4]), server.sent
    server.send(line[cut:], at=place + cut)
    client.acknowledged += cut
    client.send(flags=ACK)
    server.send(line[cut:], at=place + cut)
    server.sent += len(line)
    client.acknowledged = server.arrived = server.sent
    say(client, server, b"NOOP\r\n")


def after_hole_in_reply():
    client, server = kept["hole"]
    say(server, client, b"250 fine\r\n")
    say(client, server, PASV)
    say(server, client, passive_reply(server_address, 5002))


# Connections that outlive the daemon before anybody has logged in


def early_byte(name, side):
    """Something comes too early."""
    ends = pair(name)
    sender, receiver = ends if side == "client" else ends[::-1]
    sender.send(b"z", at=100)
    receiver.wait(lambda: 100 in receiver.view, "the byte")


def open_unseen(name):
    """A simultaneous open, which must not be followed."""
    client, server = End(wires["client"], client_address, next(ports)), raw_server()
    kept[name] = client, server
    client.far, client.far_port = server.packed, server.port
    client.emit(client.start, 0, SYN, b"", SYN_OPTIONS)
    take_syn(server)
    server.emit(server.start, 0, SYN, b"", SYN_OPTIONS)
    client.far_start = client.next_segment()[0][2] + 1
    client.emit(client.start, client.far_start, SYN | ACK, b"", SYN_OPTIONS)
    server.wait(lambda: server.flags & ACK, "the client's SYN-ACK")
    client.start += 1
    server.start += 1
    server.send(flags=ACK)
    client.wait(lambda: client.flags & ACK, "its answer")


def announce(name):
    """The client announces that it listens."""
    client, server = kept[name]
    client.send(port_line(client_address))
    arrives(server, client.sent)


# Lines that somebody else says


def forge(side, link):
    """Somebody writes a packet of one side, at another link."""
    client, server = pair("forged")
    log_in(client, server)
    if side == "client":
        speaker, text = client, port_line(client_address)
    else:
        say(client, server, PASV)
        speaker, text = server, passive_reply(server_address, 3306)
    place = speaker.start + speaker.sent, speaker.far_start + speaker.acknowledged
    wires[link].send(speaker.packet(*place, ACK | PSH, text))
    # The bytes after it.
    if side == "server":
        say(client, server, b"NOOP\r\n")
    else:
        say(server, client, b"150 well\r\n")


def speak_for_oneself(side):
    """The side of which a line was forged says one itself."""
    client, server = kept["forged"]
    # A forged packet may get through without a reverse path filter; that does not concern Pinhole.
    for end in (client, server):
        end.take()
        end.view = {offset: byte for offset, byte in end.view.items() if offset < end.acknowledged}
    if side == "client":
        say(client, server, port_line(client_address), port_line(seen_address))
    else:
        say(server, client, passive_reply(server_address, 5002))


def forge_for_gateway(side):
    """The same where that side is the gateway itself, with a real end."""
    if side == "server":
        end = End(wires["client"], client_address, next(ports))
        end.far, end.far_port = packed(server_host), 21
        with inside("gateway"):
            listener = socket.create_server((server_host, 21))
        end.emit(end.start, 0, SYN, b"", SYN_OPTIONS)
        end.far_start = end.next_segment()[0][2] + 1
        end.start += 1
        end.send(flags=ACK)
        real, _ = listener.accept()
        listener.close()
    else:
        end = raw_server()
        with inside("gateway"):
            real = socket.socket()
        real.setblocking(False)
        real.connect_ex((server_address, 21))
        take_syn(end)
        answer(end)
        is_connected(real)
    real.settimeout(TIMEOUT)
    kept["forged"] = end, real
    lines = [
        ("server", b"220 ready\r\n"),
        ("client", b"USER anonymous\r\n"),
        ("server", b"331 password\r\n"),
        ("client", b"PASS guest\r\n"),
        ("server", b"230 logged in\r\n"),
    ]
    for speaker, line in lines + ([("client", PASV)] if side == "server" else []):
        pass_on(line, is_real=speaker == side)
    text = passive_reply(server_host, 3306) if side == "server" else port_line(client_host)
    ends = end.far, end.packed
    place = end.far_start + end.acknowledged, end.start + end.sent
    end.wire.send(ip(*ends, tcp(*ends, (end.far_port, end.port), *place, ACK | PSH, text)))
    pass_on(b"NOOP\r\n" if side == "server" else b"150 well\r\n", is_real=False)


def pass_on(line, is_real):
    """A line from the real end to the raw one, or the other way round."""
    end, real = kept["forged"]
    if is_real:
        real.sendall(line)
        end.wait(lambda: end.text(end.acknowledged) == line, line)
        end.acknowledge()
    else:
        end.send(line)
        read(real, line)


def gateway_speaks(side):
    """The gateway says a line itself."""
    line = passive_reply(server_host, 5002) if side == "server" else port_line(client_host)
    pass_on(line, is_real=True)


# Files that look like dialogues


def transfer(name, direction):
    """A data connection to port 2121, whose opener sends the lines of a client and whose other end those of a server."""
    if direction == "up":
        data, sink = connect(server_host, server_host, 2121)
    else:
        data, sink = accept_data()
    kept[name] = data, sink
    tell(data, sink, LOGIN)
    tell(sink, data, GREETING)


def accept_data():
    """A data connection that the server opens: (the server's end, the client's end)."""
    with inside("client"):
        listener = socket.create_server((client_host, 2121), family=family)
    with inside("server"):
        data = socket.socket(family)
    data.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    data.bind((server_host, 20))
    for end in (data, listener):
        end.settimeout(TIMEOUT)
    data.connect((seen_host, 2121))
    sink, _ = listener.accept()
    listener.close()
    sink.settimeout(TIMEOUT)
    return data, sink


def go_on_transferring(name, direction):
    """The next line of the file."""
    data, sink = kept[name]
    tell(data, sink, port_line(client_host if direction == "up" else server_host))


# Encrypted sessions


def record(kind, content):
    return struct.pack("!BHH", kind, 0x303, len(content)) + content


def secure(name):
    """A session that is encrypted, as far as anybody can tell."""
    client, server = pair(name)
    say(server, client, b"220 ready\r\n")
    say(client, server, b"AUTH TLS\r\n")
    say(server, client, b"234 go on\r\n")
    hello, data = record(22, b"hello"), record(23, b"whatever they may say")
    for sender, receiver, text in (
        (client, server, hello),
        (server, client, hello),
        (client, server, data),
        (server, client, data),
    ):
        say(sender, receiver, text)


def leave(name):
    """The server ends the session; the client leaves that unanswered, and looks alive to the gateway alone."""
    client, server = kept[name]
    server.send(flags=ACK | FIN)
    client.wait(lambda: client.flags & FIN, "the FIN")
    place = client.start + client.sent, client.far_start + client.acknowledged
    for text in (b"", b"", record(23, b"something more of it")):
        client.wire.send(dying(client.packet(*place, ACK | PSH, text)))


def knock(address, *ports):
    """Unanswered SYNs."""
    for port in ports:
        with inside("client"), socket.socket(family) as knocking:
            knocking.setblocking(False)
            knocking.connect_ex((address, int(port)))


acts = (
    cross_bridge,
    bare_acknowledgement,
    simultaneous_open,
    split_handshake,
    giant,
    false_acknowledgement,
    fast_open,
    fast_open_begin,
    fast_open_end,
    fast_open_without_options,
    hole_in_command,
    after_hole_in_command,
    hole_in_reply,
    after_hole_in_reply,
    early_byte,
    open_unseen,
    announce,
    forge,
    speak_for_oneself,
    forge_for_gateway,
    gateway_speaks,
    transfer,
    go_on_transferring,
    secure,
    leave,
    knock,
)
acts = {act.__name__: act for act in acts}
for number, line in enumerate(sys.stdin, 1):
    name, *arguments = json.loads(line)
    acts[name](*arguments)
    print(f"done {number}", flush=True)
