/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel without one subsystem of nfnetlink: preloaded, it sends the requests to subsystem number LACKING to one that no
 * kernel has, so that the kernel itself answers as it does where the module is missing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

struct mnl_socket;

/* struct nlmsghdr: the length, then the type, whose upper byte is the subsystem. */
enum { type_offset = 4, nobody = 0x7f };

ssize_t mnl_socket_sendto(const struct mnl_socket *socket, const void *message, size_t size)
{
    ssize_t (*send)(const struct mnl_socket *, const void *, size_t) = dlsym(RTLD_NEXT, "mnl_socket_sendto");
    const char *lacking = getenv("LACKING");
    unsigned char copy[65536];

    if (!lacking || size > sizeof copy || size <= type_offset + 1)
        return send(socket, message, size);
    memcpy(copy, message, size);
    if (copy[type_offset + 1] == atoi(lacking))
        copy[type_offset + 1] = nobody;
    return send(socket, copy, size);
}
