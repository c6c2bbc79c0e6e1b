/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wrappers for parts of libc that Swift's Glibc module does not provide. Each is here for one of three reasons: libc
 * declares the function only under _GNU_SOURCE, which must not be defined in a header that Swift imports; it is a global
 * variable, which Swift 6 rejects; or Swift cannot build an argument safely.
 *
 * Unless stated otherwise, functions return -1 and set errno on failure, like the function that they wrap.
 */
#ifndef PINHOLE_CLINUX_H
#define PINHOLE_CLINUX_H

#include <stdbool.h>
#include <getopt.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/types.h>

#include "clinux_datagrams.h"
#include "clinux_opener.h"
#include "clinux_privileges.h"
#include "clinux_tcp.h"

/* The global variables of getopt_long(3) after each step. */
struct clinux_getopt {
    int next;          /* optind; 0 before the first step, which makes glibc reset its state */
    int offender;      /* optopt: the wrong short option, or `val` of the wrong long option; 0 if unknown */
    const char *value; /* optarg, which points into argv; NULL without a value */
};

/* One step of getopt_long(3), without short options and without error messages; returns its result. */
int clinux_getopt_long(int argc, char *const argv[], const struct option *options, struct clinux_getopt *state);

/* Creates an anonymous file in memory, closed on exec, and returns its descriptor (memfd_create(2)). */
int clinux_memory_file(const char *name);

/* Enlarges a mapping, which may move (mremap(2)). Returns NULL with errno on failure; the mapping is then unchanged. */
void *clinux_move_mapping(void *mapping, size_t size, size_t larger);

/* The environment of this process (environ(7)), a global variable. */
char **clinux_environment(void);

/* struct epoll_event without its union, which contains a pointer. */
struct clinux_readiness {
    int descriptor;
    uint32_t events;
};

/* epoll_ctl(2). */
int clinux_epoll_control(int poller, int request, int descriptor, uint32_t events);

/* epoll_wait(2) for at most `capacity` descriptors and at most CLINUX_EPOLL_CAPACITY. */
#define CLINUX_EPOLL_CAPACITY 32
int clinux_epoll_wait(int poller, struct clinux_readiness *ready, int capacity, int milliseconds);

/* Accepts a connection, non-blocking and closed on exec (accept4(2)). */
int clinux_accept(int listener);

/* Sets the receive timeout of a socket in milliseconds; 0 for no limit (SO_RCVTIMEO). */
int clinux_set_receive_timeout(int number, int milliseconds);

/* Makes reads and writes of a socket return at once (O_NONBLOCK). */
int clinux_set_nonblocking(int number);

/* The pending error of a socket, 0 if there is none (SO_ERROR). */
int clinux_socket_error(int number);

/* Gets the user id of the process at the other end of a connected Unix socket (SO_PEERCRED). */
int clinux_peer_user(int stream, uid_t *user);

/*
 * Creates a socket file at `path` and returns a non-blocking Unix stream socket that listens on it. The file has the given
 * mode, regardless of the umask, and group from the moment it is created; (gid_t)-1 stands for the group of the process. In
 * a directory with the set-group-ID bit, the file gets the directory's group instead.
 *
 * ENAMETOOLONG if the path does not fit into sun_path, EPERM if the process may not set the group.
 */
int clinux_unix_listen(const char *path, mode_t mode, gid_t group);

/*
 * Returns a Unix stream socket connected to `path`, whose connecting and writing time out after `milliseconds`; 0 makes it
 * non-blocking. EAGAIN if the listener's backlog stays full.
 */
int clinux_unix_connect(const char *path, int milliseconds);

/* Returns a TCP socket connected to a port of 127.0.0.1; EINPROGRESS if that takes longer than `seconds`. */
int clinux_loopback_connect(uint16_t port, int seconds);

/*
 * Returns a non-blocking Unix datagram socket connected to `path`. A path that starts with `@` is in the abstract namespace,
 * as in sd_notify(3).
 */
int clinux_unix_datagram(const char *path);

/* Sends bytes together with a descriptor (SCM_RIGHTS); returns the result of sendmsg(2). */
ssize_t clinux_send_descriptor(int sender, const void *bytes, size_t count, int descriptor);

#endif
