/* recvmmsg(2), which wants _GNU_SOURCE. */
#ifndef PINHOLE_CLINUX_DATAGRAMS_H
#define PINHOLE_CLINUX_DATAGRAMS_H

#include <stddef.h>
#include <stdint.h>

/* Most datagrams that one call receives. */
enum { clinux_maximum_datagrams = 32 };

/*
 * Receives what waits, without waiting: datagram i into the `stride` bytes from `buffer` + i * `stride` on, cut off
 * if it is longer, its size into `sizes[i]`. `count` of them at most, and clinux_maximum_datagrams.
 * Returns how many, or -1 with errno; EAGAIN if nothing waits.
 */
int clinux_receive_datagrams(int descriptor, uint8_t *buffer, size_t stride, unsigned count, uint32_t *sizes);

#endif
