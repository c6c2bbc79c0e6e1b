/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * More packets of control connections than anybody can handle: drown ADDRESS SERVER SECONDS SIZE
 *
 * Sends, from this host's ADDRESS and one port after another, bare segments of SIZE bytes to port 21 of SERVER, as fast
 * as the network takes them. Conntrack picks each port up as a connection. Prints how many were sent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { ports = 64, first_port = 20000, headers = sizeof(struct iphdr) + sizeof(struct tcphdr) };

static unsigned char packets[ports][65535];

/* Adds the 16-bit words of some bytes to a sum. */
static unsigned long add(unsigned long sum, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sum += (unsigned long)((const unsigned char *)bytes)[i] << (i % 2 ? 0 : 8);
    return sum;
}

static unsigned short checksum(unsigned long sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((unsigned short)~sum);
}

int main(int argc, char **argv)
{
    struct mmsghdr messages[ports] = {0};
    struct iovec vectors[ports];
    struct sockaddr_in server = {.sin_family = AF_INET};
    struct in_addr source;
    struct timespec time;
    unsigned long sent = 0;
    size_t size;
    double end;
    int raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);

    if (argc != 5 || raw < 0 || !inet_aton(argv[1], &source) || !inet_aton(argv[2], &server.sin_addr))
        return 1;
    size = headers + strtoul(argv[4], NULL, 10);
    for (unsigned i = 0; i < ports; i++) {
        struct iphdr *ip = (void *)packets[i];
        struct tcphdr *tcp = (void *)(ip + 1);

        *ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP, .frag_off = htons(IP_DF)};
        ip->tot_len = htons((unsigned short)size);
        ip->saddr = source.s_addr;
        ip->daddr = server.sin_addr.s_addr;
        *tcp = (struct tcphdr){.seq = htonl(1), .ack_seq = htonl(1), .doff = 5, .ack = 1, .window = htons(65535)};
        tcp->source = htons((unsigned short)(first_port + i));
        tcp->dest = htons(21);
        memset(tcp + 1, 'x', size - headers);
        tcp->check = checksum(add(add(IPPROTO_TCP + size - sizeof *ip, &ip->saddr, 8), tcp, size - sizeof *ip));
        vectors[i] = (struct iovec){.iov_base = packets[i], .iov_len = size};
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_name = &server;
        messages[i].msg_hdr.msg_namelen = sizeof server;
    }
    clock_gettime(CLOCK_MONOTONIC, &time);
    end = (double)time.tv_sec + (double)time.tv_nsec / 1e9 + atof(argv[3]);
    do {
        int count = sendmmsg(raw, messages, ports, 0);

        sent += count > 0 ? (unsigned long)count : 0;
        clock_gettime(CLOCK_MONOTONIC, &time);
    } while ((double)time.tv_sec + (double)time.tv_nsec / 1e9 < end);
    printf("%lu\n", sent);
    return 0;
}
