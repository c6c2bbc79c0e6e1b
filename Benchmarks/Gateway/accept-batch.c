/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same with few system calls: takes many packets at once and accepts them with one verdict.
 *
 * accept-batch QUEUE [MICROSECONDS]: so long it looks for more before it falls asleep, as Pinhole does. Nothing that takes
 * every packet from a queue can do with less. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "load.h"

/* As Pinhole has them. */
enum { batch = 32, waiting_packets = 4096, socket_buffer = 8 << 20, stride = 65536 + 4096 };

static char buffer[batch][stride];

/* Remembers the number of the last packet of a datagram. */
static int note(const struct nlmsghdr *message, void *last)
{
    struct nlattr *attributes[NFQA_MAX + 1] = {0};
    const struct nfqnl_msg_packet_hdr *header;

    if (nfq_nlmsg_parse(message, attributes) == MNL_CB_ERROR || !attributes[NFQA_PACKET_HDR])
        return MNL_CB_OK;
    header = mnl_attr_get_payload(attributes[NFQA_PACKET_HDR]);
    *(uint32_t *)last = ntohl(header->packet_id);
    return MNL_CB_OK;
}

/* Takes what there is, or else what comes first: looks for it before it sleeps. */
static int take(int descriptor, struct mmsghdr *datagrams, uint64_t nanoseconds)
{
    uint64_t end = now() + nanoseconds;
    int received;

    while (nanoseconds && now() < end) {
        received = recvmmsg(descriptor, datagrams, batch, MSG_DONTWAIT, NULL);
        if (received >= 0 || errno != EAGAIN)
            return received;
    }
    return recvmmsg(descriptor, datagrams, batch, MSG_WAITFORONE, NULL);
}

int main(int argc, char **argv)
{
    struct mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);
    struct mmsghdr datagrams[batch] = {0};
    struct iovec vectors[batch];
    char request[1024];
    struct nlmsghdr *message;
    uint32_t queue;
    uint64_t busy_poll;
    int descriptor, received, size = socket_buffer;

    if (argc != 2 && argc != 3)
        usage("accept-batch QUEUE [MICROSECONDS]");
    queue = (uint32_t)atoi(argv[1]);
    busy_poll = argc == 3 ? strtoull(argv[2], NULL, 10) * 1000 : 0;
    if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
        fail("open a netlink socket");
    descriptor = mnl_socket_get_fd(socket);
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    message = nfq_nlmsg_put(request, NFQNL_MSG_CONFIG, queue);
    message->nlmsg_flags |= NLM_F_ACK;
    nfq_nlmsg_cfg_put_cmd(message, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
    nfq_nlmsg_cfg_put_qmaxlen(message, waiting_packets);
    nfq_nlmsg_cfg_put_params(message, NFQNL_COPY_PACKET, 0xffff);
    if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 ||
        mnl_cb_run(buffer[0], (size_t)mnl_socket_recvfrom(socket, buffer[0], stride), 0, 0, NULL, NULL) < 0)
        fail("bind the queue");
    for (int i = 0; i < batch; i++) {
        vectors[i] = (struct iovec){buffer[i], stride};
        datagrams[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    for (;;) {
        uint32_t last = 0;

        received = take(descriptor, datagrams, busy_poll);
        if (received < 0 && errno != ENOBUFS && errno != EINTR)
            fail("receive packets");
        for (int i = 0; i < received; i++)
            mnl_cb_run(buffer[i], datagrams[i].msg_len, 0, 0, note, &last);
        if (received <= 0)
            continue;
        message = nfq_nlmsg_put(request, NFQNL_MSG_VERDICT_BATCH, queue);
        nfq_nlmsg_verdict_put(message, (int)last, NF_ACCEPT);
        if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
            fail("send a verdict");
    }
}
