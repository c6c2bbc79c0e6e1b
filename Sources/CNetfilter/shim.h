/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libmnl, libnetfilter_queue and the kernel's netfilter headers in one module: two modules would each declare the same
 * kernel structures, and the declarations clash.
 */
#ifndef PINHOLE_CNETFILTER_SHIM_H
#define PINHOLE_CNETFILTER_SHIM_H

#include <netinet/in.h> /* libc's in6_addr, before any <linux/...> */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/ipset/ip_set_hash.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/rtnetlink.h>
#include <libnetfilter_queue/libnetfilter_queue.h> /* after the kernel's headers, of which it brings older copies */

#endif
