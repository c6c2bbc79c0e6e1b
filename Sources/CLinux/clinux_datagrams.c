/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clinux_datagrams.h"

#include <string.h>
#include <sys/socket.h>

int clinux_receive_datagrams(int descriptor, uint8_t *buffer, size_t stride, unsigned count, uint32_t *sizes)
{
    struct mmsghdr messages[clinux_maximum_datagrams];
    struct iovec vectors[clinux_maximum_datagrams];
    int received;

    if (count > clinux_maximum_datagrams)
        count = clinux_maximum_datagrams;
    memset(messages, 0, sizeof messages);
    for (unsigned i = 0; i < count; i++) {
        vectors[i].iov_base = buffer + i * stride;
        vectors[i].iov_len = stride;
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    received = recvmmsg(descriptor, messages, count, MSG_DONTWAIT, NULL);
    for (int i = 0; i < received; i++)
        sizes[i] = messages[i].msg_len;
    return received;
}
