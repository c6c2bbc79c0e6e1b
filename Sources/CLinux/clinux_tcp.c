/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clinux_tcp.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long sent bytes may stay without acknowledgement, in milliseconds (TCP_USER_TIMEOUT). */
#define ACKNOWLEDGEMENT_TIMEOUT 3000

static int fail(int number)
{
    int reason = errno;

    close(number);
    errno = reason;
    return -1;
}

/* Reads a numeric address; returns its size, 0 with errno if it is none. */
static socklen_t parse(struct sockaddr_storage *address, const char *text, uint16_t port)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    socklen_t size;

    if (getaddrinfo(text, NULL, &hints, &found) != 0) {
        errno = EINVAL;
        return 0;
    }
    size = found->ai_addrlen;
    memcpy(address, found->ai_addr, size);
    freeaddrinfo(found);
    if (address->ss_family == AF_INET)
        ((struct sockaddr_in *)address)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)address)->sin6_port = htons(port);
    return size;
}

static int set(int number, int level, int option, int value)
{
    return setsockopt(number, level, option, &value, sizeof(value));
}

static int set_key(int number, const char *peer, struct clinux_tcp_key key)
{
    struct tcp_md5sig signature = {.tcpm_keylen = key.count};

    if (key.count == 0)
        return 0;
    if (key.count > CLINUX_TCP_KEY_SIZE) {
        errno = EMSGSIZE;
        return -1;
    }
    if (parse(&signature.tcpm_addr, peer, 0) == 0)
        return -1;
    memcpy(signature.tcpm_key, key.bytes, key.count);
    return setsockopt(number, IPPROTO_TCP, TCP_MD5SIG, &signature, sizeof(signature));
}

static int open_socket(int family)
{
    int number = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (number < 0)
        return -1;
    if (set(number, SOL_SOCKET, SO_REUSEADDR, 1) < 0 || set(number, IPPROTO_TCP, TCP_NODELAY, 1) < 0 ||
        set(number, IPPROTO_TCP, TCP_USER_TIMEOUT, ACKNOWLEDGEMENT_TIMEOUT) < 0)
        return fail(number);
    return number;
}

int clinux_tcp_listen(const char *address, uint16_t port, const char *peer, struct clinux_tcp_key key)
{
    struct sockaddr_storage own;
    socklen_t size = parse(&own, address, port);
    int listener;

    if (size == 0)
        return -1;
    listener = open_socket(own.ss_family);
    if (listener < 0)
        return -1;
    if (set_key(listener, peer, key) < 0 || bind(listener, (struct sockaddr *)&own, size) < 0 || listen(listener, 4) < 0)
        return fail(listener);
    return listener;
}

/* Whether two addresses are equal, whatever their ports. */
static int is_same(const struct sockaddr_storage *one, const struct sockaddr_storage *other)
{
    if (one->ss_family != other->ss_family)
        return 0;
    if (one->ss_family == AF_INET)
        return ((const struct sockaddr_in *)one)->sin_addr.s_addr == ((const struct sockaddr_in *)other)->sin_addr.s_addr;
    return memcmp(&((const struct sockaddr_in6 *)one)->sin6_addr, &((const struct sockaddr_in6 *)other)->sin6_addr,
                  sizeof(struct in6_addr)) == 0;
}

int clinux_tcp_accept(int listener, const char *peer)
{
    struct sockaddr_storage expected, found;
    socklen_t size = sizeof(found);
    int stream = accept4(listener, (struct sockaddr *)&found, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (stream < 0)
        return -1;
    if (parse(&expected, peer, 0) == 0)
        return fail(stream);
    if (!is_same(&expected, &found)) {
        errno = EPERM;
        return fail(stream);
    }
    if (set(stream, IPPROTO_TCP, TCP_NODELAY, 1) < 0 ||
        set(stream, IPPROTO_TCP, TCP_USER_TIMEOUT, ACKNOWLEDGEMENT_TIMEOUT) < 0)
        return fail(stream);
    return stream;
}

int clinux_tcp_connect(const char *address, const char *peer, uint16_t port, struct clinux_tcp_key key)
{
    struct sockaddr_storage own, other;
    socklen_t own_size = parse(&own, address, 0), size = parse(&other, peer, port);
    int stream;

    if (own_size == 0 || size == 0)
        return -1;
    stream = open_socket(other.ss_family);
    if (stream < 0)
        return -1;
    if (set_key(stream, peer, key) < 0 || bind(stream, (struct sockaddr *)&own, own_size) < 0)
        return fail(stream);
    if (connect(stream, (struct sockaddr *)&other, size) < 0 && errno != EINPROGRESS)
        return fail(stream);
    return stream;
}
