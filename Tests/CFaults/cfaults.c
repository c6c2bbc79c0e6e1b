/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "CFaults.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

static _Thread_local enum cfaults_kind planned;
static _Thread_local int error_planned;
static _Thread_local unsigned calls_before;
/* The answer to a request that the kernel was not given; without a sequence of its own if there is none. */
static _Thread_local struct {
    struct nlmsghdr header;
    struct nlmsgerr body;
} answer;

void cfaults_plan(enum cfaults_kind kind, int error, unsigned after)
{
    planned = kind;
    error_planned = error;
    calls_before = after;
    answer.header.nlmsg_len = 0;
}

bool cfaults_end(void)
{
    bool is_past = planned == cfaults_none && answer.header.nlmsg_len == 0;

    planned = cfaults_none;
    answer.header.nlmsg_len = 0;
    return is_past;
}

/* Tells whether this call is the one that is to fail in that way. */
static bool is_due(enum cfaults_kind kind)
{
    if (planned != kind || calls_before-- > 0)
        return false;
    planned = cfaults_none;
    return true;
}

static int fail(void)
{
    errno = error_planned;
    return -1;
}

ssize_t sendto(int descriptor, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
    ssize_t (*libc)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "sendto");

    if (is_due(cfaults_unsent))
        return fail();
    if (size >= sizeof answer.header && is_due(cfaults_refused)) {
        memcpy(&answer.body.msg, bytes, sizeof answer.body.msg);
        answer.header = answer.body.msg;
        answer.header.nlmsg_len = sizeof answer;
        answer.header.nlmsg_type = NLMSG_ERROR;
        answer.body.error = -error_planned;
        return (ssize_t)size;
    }
    return libc(descriptor, bytes, size, flags, to, length);
}

ssize_t recvmsg(int descriptor, struct msghdr *message, int flags)
{
    ssize_t (*libc)(int, struct msghdr *, int) = dlsym(RTLD_NEXT, "recvmsg");

    if (answer.header.nlmsg_len > 0) {
        struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

        memcpy(message->msg_iov->iov_base, &answer, sizeof answer);
        memcpy(message->msg_name, &kernel, sizeof kernel);
        message->msg_namelen = sizeof kernel;
        message->msg_flags = 0;
        answer.header.nlmsg_len = 0;
        return sizeof answer;
    }
    if (is_due(cfaults_late))
        return fail();
    if (is_due(cfaults_lost)) {
        libc(descriptor, message, flags);
        return fail();
    }
    return libc(descriptor, message, flags);
}

int recvmmsg(int descriptor, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
    int (*libc)(int, struct mmsghdr *, unsigned, int, struct timespec *) = dlsym(RTLD_NEXT, "recvmmsg");

    if (is_due(cfaults_late))
        return fail();
    return libc(descriptor, messages, count, flags, timeout);
}
