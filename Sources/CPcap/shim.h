/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libpcap, which reads capture files. */
#ifndef PINHOLE_CPCAP_SHIM_H
#define PINHOLE_CPCAP_SHIM_H

#include <pcap/pcap.h>

#endif
