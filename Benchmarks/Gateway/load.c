/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

void usage(const char *text)
{
    fprintf(stderr, "usage: %s\n", text);
    exit(64);
}

void fail(const char *what)
{
    fprintf(stderr, "%s: cannot %s: %s\n", program_invocation_short_name, what, strerror(errno));
    exit(1);
}

uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void allow_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail("read the limit of open files");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail("raise the limit of open files");
}

struct sockaddr_in endpoint(const char *address, uint16_t port)
{
    struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons(port)};

    if (inet_pton(AF_INET, address, &result.sin_addr) != 1)
        usage("an IPv4 address");
    return result;
}

static int make_socket(void)
{
    int one = 1, result = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (result < 0 || setsockopt(result, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0)
        fail("make a socket");
    return result;
}

int listen_at(struct sockaddr_in address)
{
    int one = 1, result = make_socket();

    if (setsockopt(result, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(result, (struct sockaddr *)&address, sizeof address) < 0 || listen(result, 4096) < 0)
        fail("listen");
    return result;
}

int connect_to(struct sockaddr_in address)
{
    int result = make_socket();

    if (connect(result, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
        fail("connect");
    return result;
}

int accept_from(int listener)
{
    return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); /* TCP_NODELAY comes from the listener */
}

void watch(int poller, int descriptor, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = descriptor};

    if (epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) < 0)
        fail("watch a descriptor");
}

int say(int descriptor, const char *text)
{
    size_t length = strlen(text);

    return send(descriptor, text, length, MSG_NOSIGNAL) == (ssize_t)length ? 0 : -1;
}
