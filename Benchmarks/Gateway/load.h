/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs of the gateway benchmark share. A failed call ends the program and says so. */
#ifndef PINHOLE_BENCHMARK_LOAD_H
#define PINHOLE_BENCHMARK_LOAD_H

#include <netinet/in.h>
#include <stdint.h>

/* Ends the program with "usage: TEXT", or with what failed and the reason in errno. */
_Noreturn void usage(const char *text);
_Noreturn void fail(const char *what);

/* Nanoseconds of the monotonic clock. */
uint64_t now(void);

/* Lets the program have as many descriptors as the system allows. */
void allow_descriptors(void);

struct sockaddr_in endpoint(const char *address, uint16_t port);

/* Sockets that neither block nor wait for full segments. An `address` with port 0 gets one that is free. */
int listen_at(struct sockaddr_in address);
int connect_to(struct sockaddr_in address);
/* Takes a connection that waits; -1 if none does. */
int accept_from(int listener);

/* Waits for these events of a descriptor, level-triggered (EPOLL_CTL_ADD). */
void watch(int poller, int descriptor, uint32_t events);

/* Sends a short text whole; -1 if the other end is gone. */
int say(int descriptor, const char *text);

#endif
