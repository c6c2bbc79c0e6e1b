/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE: Package.swift does it for this target"
#endif

#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int clinux_getopt_long(int argc, char *const argv[], const struct option *options, struct clinux_getopt *state)
{
    int result;

    optind = state->next;
    optarg = NULL;
    optopt = 0;
    opterr = 0;
    result = getopt_long(argc, argv, ":", options, NULL);
    state->next = optind;
    state->offender = optopt;
    state->value = optarg;
    return result;
}

int clinux_memory_file(const char *name)
{
    return memfd_create(name, MFD_CLOEXEC);
}

void *clinux_move_mapping(void *mapping, size_t size, size_t larger)
{
    void *moved = mremap(mapping, size, larger, MREMAP_MAYMOVE);

    return moved == MAP_FAILED ? NULL : moved;
}

char **clinux_environment(void)
{
    return environ;
}

int clinux_epoll_control(int poller, int request, int descriptor, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = descriptor};

    return epoll_ctl(poller, request, descriptor, &event);
}

int clinux_epoll_wait(int poller, struct clinux_readiness *ready, int capacity, int milliseconds)
{
    struct epoll_event events[CLINUX_EPOLL_CAPACITY];
    int count;

    if (capacity > CLINUX_EPOLL_CAPACITY)
        capacity = CLINUX_EPOLL_CAPACITY;
    count = epoll_wait(poller, events, capacity, milliseconds);
    for (int index = 0; index < count; index++)
        ready[index] = (struct clinux_readiness){events[index].data.fd, events[index].events};
    return count;
}

int clinux_accept(int listener)
{
    return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int clinux_set_receive_timeout(int number, int milliseconds)
{
    struct timeval timeout = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};

    return setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
}

int clinux_peer_user(int stream, uid_t *user)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (getsockopt(stream, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return -1;
    *user = peer.uid;
    return 0;
}

/* Fills in the address of `path` and returns its size; 0 with ENAMETOOLONG if the path does not fit. */
static socklen_t unix_address(struct sockaddr_un *address, const char *path)
{
    size_t length = strlen(path);

    if (length == 0 || length >= sizeof(address->sun_path)) {
        errno = ENAMETOOLONG;
        return 0;
    }
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

/* Closes `descriptor`, keeps errno and returns -1. */
static int fail(int descriptor)
{
    int reason = errno;

    close(descriptor);
    errno = reason;
    return -1;
}

/* The arguments of bind_as(), and its result in `reason`: 0 or an errno. */
struct binding {
    int listener;
    const struct sockaddr_un *address;
    socklen_t size;
    gid_t group;
    int reason;
};

/*
 * A thread that binds the socket, so that the file gets the mode of the socket and the given group. It changes the umask and the
 * file system group of its own thread only, and must then end.
 */
static void *bind_as(void *context)
{
    struct binding *binding = context;

    /* Gives the thread a umask of its own. The file system group always belongs to the thread. */
    if (unshare(CLONE_FS) < 0) {
        binding->reason = errno;
        return NULL;
    }
    umask(0);
    setfsgid(binding->group);
    /* setfsgid(-1) changes nothing and returns the current group. */
    if (binding->group != (gid_t)-1 && (gid_t)setfsgid((gid_t)-1) != binding->group)
        binding->reason = EPERM;
    else if (bind(binding->listener, (const struct sockaddr *)binding->address, binding->size) < 0)
        binding->reason = errno;
    return NULL;
}

int clinux_set_nonblocking(int number)
{
    int flags = fcntl(number, F_GETFL);

    return flags < 0 ? -1 : fcntl(number, F_SETFL, flags | O_NONBLOCK);
}

int clinux_socket_error(int number)
{
    int code = 0;
    socklen_t size = sizeof(code);

    return getsockopt(number, SOL_SOCKET, SO_ERROR, &code, &size) < 0 ? errno : code;
}

int clinux_unix_listen(const char *path, mode_t mode, gid_t group)
{
    struct sockaddr_un address;
    socklen_t size = unix_address(&address, path);
    struct binding binding = {.address = &address, .size = size, .group = group};
    pthread_t thread;
    int reason;

    if (size == 0)
        return -1;
    binding.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (binding.listener < 0)
        return -1;
    /*
     * The file has its mode and group from the moment it is created. They are not set through its path afterwards, because
     * another user who may write to the directory could have replaced the file.
     */
    if (fchmod(binding.listener, mode) < 0)
        return fail(binding.listener);
    reason = pthread_create(&thread, NULL, bind_as, &binding);
    if (reason == 0) {
        pthread_join(thread, NULL);
        reason = binding.reason;
    }
    errno = reason;
    if (reason != 0 || listen(binding.listener, SOMAXCONN) < 0)
        return fail(binding.listener);
    return binding.listener;
}

int clinux_unix_connect(const char *path, int milliseconds)
{
    struct sockaddr_un address;
    socklen_t size = unix_address(&address, path);
    struct timeval timeout = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    int stream;

    if (size == 0)
        return -1;
    stream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (milliseconds > 0 ? 0 : SOCK_NONBLOCK), 0);
    if (stream < 0)
        return -1;
    if (setsockopt(stream, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
        connect(stream, (struct sockaddr *)&address, size) < 0)
        return fail(stream);
    return stream;
}

int clinux_loopback_connect(uint16_t port, int seconds)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct timeval timeout = {.tv_sec = seconds};
    int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (stream < 0)
        return -1;
    if (setsockopt(stream, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
        connect(stream, (struct sockaddr *)&address, sizeof(address)) < 0)
        return fail(stream);
    return stream;
}

int clinux_unix_datagram(const char *path)
{
    struct sockaddr_un address;
    socklen_t size = unix_address(&address, path);
    int sender;

    if (size == 0)
        return -1;
    if (address.sun_path[0] == '@')
        address.sun_path[0] = '\0';
    sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (sender < 0)
        return -1;
    if (connect(sender, (struct sockaddr *)&address, size) < 0)
        return fail(sender);
    return sender;
}

ssize_t clinux_send_descriptor(int sender, const void *bytes, size_t count, int descriptor)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec text = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {
        .msg_iov = &text,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };

    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof(descriptor));
    return sendmsg(sender, &message, MSG_NOSIGNAL);
}
