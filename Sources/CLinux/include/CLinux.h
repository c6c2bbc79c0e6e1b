/*
 * What Glibc's Swift module leaves out. A thing is here for one of three reasons: libc declares it only under
 * _GNU_SOURCE, which must not be defined where Swift sees the header; it is a C global, which Swift 6 refuses; or
 * Swift cannot build its argument safely.
 *
 * What fails returns -1 and sets errno, like the function that it wraps.
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

/* What getopt_long(3) leaves in its globals after each step. */
struct clinux_getopt {
    int next;          /* optind; 0 before the first step, which makes glibc start afresh */
    int offender;      /* optopt: the short option, or the long option's value, that was wrong; 0 if unknown */
    const char *value; /* optarg, borrowed from argv; NULL if there is none */
};

/* One step of getopt_long(3) with no short options, silent about errors; returns what it returns. */
int clinux_getopt_long(int argc, char *const argv[], const struct option *options, struct clinux_getopt *state);

/* An anonymous file in memory, closed on exec (memfd_create(2)): a descriptor, or -1 with errno. */
int clinux_memory_file(const char *name);

/* mremap(2), to wherever the kernel likes; NULL with errno, and the mapping stays as it is. */
void *clinux_move_mapping(void *mapping, size_t size, size_t larger);

/* The environment of this process (environ(7)), which Swift will not read because it is a mutable global. */
char **clinux_environment(void);

/* struct epoll_event without its union, in which Swift sees a pointer. */
struct clinux_readiness {
    int descriptor;
    uint32_t events;
};

/* epoll_ctl(2). */
int clinux_epoll_control(int poller, int request, int descriptor, uint32_t events);

/* epoll_wait(2) for at most `capacity` descriptors, at most CLINUX_EPOLL_CAPACITY at a time. */
#define CLINUX_EPOLL_CAPACITY 32
int clinux_epoll_wait(int poller, struct clinux_readiness *ready, int capacity, int milliseconds);

/* accept4(2): the connection is non-blocking and closed on exec. */
int clinux_accept(int listener);

/* Lets reads from a socket wait for so many milliseconds and no longer, 0 for ever (SO_RCVTIMEO). */
int clinux_set_receive_timeout(int number, int milliseconds);

/* The user at the other end of a connected Unix socket (SO_PEERCRED). */
int clinux_peer_user(int stream, uid_t *user);

/*
 * A non-blocking Unix stream socket that listens at `path`, which becomes a socket file of this mode, whatever
 * the umask, and group, from the first moment on; (gid_t)-1 leaves it the group of the process. ENAMETOOLONG where the path
 * is longer than sun_path holds, EPERM where the process may not give away that group. A
 * directory that gives its own group to what is in it (set-group-ID) does so here, too.
 */
int clinux_unix_listen(const char *path, mode_t mode, gid_t group);

/*
 * A Unix stream socket connected to `path`, which waits so many milliseconds to be let in and for each write, or never
 * blocks if that is 0; EAGAIN where somebody listens and has had no room for one more.
 */
int clinux_unix_connect(const char *path, int milliseconds);

/* A TCP socket connected to a port of 127.0.0.1; EINPROGRESS where that takes more than so many seconds. */
int clinux_loopback_connect(uint16_t port, int seconds);

/*
 * A non-blocking Unix datagram socket connected to `path`; one that starts with `@` is in the abstract name space, as
 * sd_notify(3) has it.
 */
int clinux_unix_datagram(const char *path);

/* Sends bytes with an open file (SCM_RIGHTS); returns what sendmsg(2) returns. */
ssize_t clinux_send_descriptor(int sender, const void *bytes, size_t count, int descriptor);

#endif
