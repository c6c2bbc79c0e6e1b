/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP between this machine and one other. Addresses are numeric. With a key, the kernel signs and checks each segment
 * (TCP_MD5SIG, RFC 2385); segments without a valid signature are dropped. Functions return -1 and set errno on failure.
 */
#ifndef PINHOLE_CLINUX_TCP_H
#define PINHOLE_CLINUX_TCP_H

#include <stddef.h>
#include <stdint.h>

/* A key that two machines share: 0 bytes for none, at most CLINUX_TCP_KEY_SIZE. */
#define CLINUX_TCP_KEY_SIZE 80
struct clinux_tcp_key {
    const void *bytes;
    size_t count;
};

/*
 * Returns a non-blocking socket that listens on an address and port. The key is that of connections from `peer`.
 * EADDRNOTAVAIL if this machine does not have the address, ENOPROTOOPT if the kernel has no TCP_MD5SIG.
 */
int clinux_tcp_listen(const char *address, uint16_t port, const char *peer, struct clinux_tcp_key key);

/*
 * Accepts a connection, non-blocking and closed on exec, from `peer` alone: EPERM if it comes from another address, EAGAIN if
 * there is none.
 */
int clinux_tcp_accept(int listener, const char *peer);

/* Begins to connect from an address to `peer`, and returns the non-blocking socket, which becomes writable then. */
int clinux_tcp_connect(const char *address, const char *peer, uint16_t port, struct clinux_tcp_key key);

#endif
