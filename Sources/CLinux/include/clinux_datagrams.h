/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recvmmsg(2), which libc declares under _GNU_SOURCE only. */
#ifndef PINHOLE_CLINUX_DATAGRAMS_H
#define PINHOLE_CLINUX_DATAGRAMS_H

#include <stddef.h>
#include <stdint.h>

/* The largest number of datagrams that one call receives. */
enum { clinux_maximum_datagrams = 32 };

/*
 * Receives up to `count` waiting datagrams, at most clinux_maximum_datagrams, without blocking. Datagram i is stored in the
 * `stride` bytes at `buffer` + i * `stride`, truncated if it is longer, and its size in sizes[i]. Returns the number of
 * datagrams, or -1 with errno; EAGAIN if none waits.
 */
int clinux_receive_datagrams(int descriptor, uint8_t *buffer, size_t stride, unsigned count, uint32_t *sizes);

#endif
