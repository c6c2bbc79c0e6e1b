# SPDX-License-Identifier: GPL-2.0-or-later
"""In which pieces a line goes onto the wire, for the scripts beside it."""

import socket
import struct
import time

ANNOUNCEMENTS = (b"PORT ", b"EPRT ", b"227 ", b"229 ")


def tcp_info(sock, offset):
    """The 32-bit field of `struct tcp_info` at an offset."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return struct.unpack_from("=I", info, offset)[0]


def unsent(sock):
    """How many bytes wait to be sent for the first time (`tcpi_notsent_bytes`)."""
    return tcp_info(sock, 144)


def segments_sent(sock):
    """How many segments with data have been sent (`tcpi_data_segs_out`)."""
    return tcp_info(sock, 156)


def send_pieces(sock, pieces, pause=0.0):
    """Send each piece in a segment of its own, the next only after the one before was sent."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    before = segments_sent(sock)
    for piece in pieces:
        sock.sendall(piece)
        while unsent(sock):
            time.sleep(0.0005)
        if pause:
            time.sleep(pause)
    sent = segments_sent(sock) - before
    if sent < len(pieces):
        raise RuntimeError(f"{len(pieces)} pieces went in {sent} segments: {pieces}")


class Cutter:
    """Sends lines as `how` says.

    `whole`: each in one segment. `bytes` or `bytes:PAUSE`: each byte in one, PAUSE seconds apart. `points`: each
    announcement in two, cut at its first point, the next one at its second, and so on; every other line whole.
    """

    def __init__(self, how):
        self.kind, _, pause = how.partition(":")
        self.pause = float(pause or 0)
        self.point = 0
        self.length = 0

    def send(self, sock, line):
        send_pieces(sock, self.pieces(line), self.pause)

    def pieces(self, line):
        if self.kind == "bytes":
            return [line[index : index + 1] for index in range(len(line))]
        if self.kind == "points" and line.startswith(ANNOUNCEMENTS):
            self.point += 1
            self.length = len(line)
            print(f"cut {self.point} of {self.length}", flush=True)
            return [line[: self.point], line[self.point :]]
        return [line]
