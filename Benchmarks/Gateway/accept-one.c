/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a queue costs at least: accepts every packet, one by one, through libnetfilter_queue. accept-one QUEUE */
#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "load.h"

/* As Pinhole has them. */
enum { waiting_packets = 4096, socket_buffer = 8 << 20 };

static char buffer[65536 + 4096];

static int accept_packet(struct nfq_q_handle *queue, struct nfgenmsg *message, struct nfq_data *packet, void *unused)
{
    struct nfqnl_msg_packet_hdr *header = nfq_get_msg_packet_hdr(packet);

    (void)message, (void)unused;
    return header ? nfq_set_verdict(queue, ntohl(header->packet_id), NF_ACCEPT, 0, NULL) : 0;
}

int main(int argc, char **argv)
{
    struct nfq_handle *library = nfq_open();
    struct nfq_q_handle *queue;
    int descriptor, size = socket_buffer;

    if (argc != 2)
        usage("accept-one QUEUE");
    if (!library)
        fail("open the queue's library");
    queue = nfq_create_queue(library, (uint16_t)atoi(argv[1]), accept_packet, NULL);
    if (!queue)
        fail("bind the queue");
    if (nfq_set_mode(queue, NFQNL_COPY_PACKET, 0xffff) < 0 || nfq_set_queue_maxlen(queue, waiting_packets) < 0)
        fail("configure the queue");
    descriptor = nfq_fd(library);
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    for (;;) {
        ssize_t received = recv(descriptor, buffer, sizeof buffer, 0);

        if (received >= 0)
            nfq_handle_packet(library, buffer, (int)received);
        else if (errno != ENOBUFS && errno != EINTR)
            fail("receive packets");
    }
}
