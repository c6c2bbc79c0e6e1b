/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture files, read with libpcap.
 *
 * This is a C target and not a module map for <pcap/pcap.h>: with that, <sys/time.h> would belong to the module, and Swift
 * would not find `timespec` in Glibc.
 *
 * The library is loaded when the first capture is opened. Debian's libpcap depends on the libraries of D-Bus, systemd and
 * libgcrypt, which should not be loaded into a daemon that handles untrusted packets.
 */
#ifndef PINHOLE_CPCAP_H
#define PINHOLE_CPCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libpcap's handle, pcap_t. */
struct pcap;

struct cpcap_frame {
    /* Valid until the next call with the same handle. */
    const uint8_t *_Nullable bytes;
    /* The number of bytes in the capture, and of those on the wire. */
    uint32_t captured;
    uint32_t size;
    /* The time since 1970-01-01 00:00 UTC; a damaged file can contain any value. */
    int64_t seconds;
    int64_t nanoseconds;
};

/* The size of a buffer for an error text, with its NUL (PCAP_ERRBUF_SIZE). */
enum { cpcap_reason_size = 256 };

/* Loads libpcap, to be called once and before any other function; returns false if it is not installed. */
bool cpcap_load(void);

/*
 * Opens a capture from the descriptor of a file and reads its header. The handle owns the descriptor. On failure the
 * descriptor is closed, `reason` is filled with NUL-terminated text, and NULL is returned.
 */
struct pcap *_Nullable cpcap_open(int file, char *_Nonnull reason);

void cpcap_close(struct pcap *_Nonnull handle);

/* The link type of the frames, a DLT_..., and the name of a link type or NULL. */
int cpcap_link_type(struct pcap *_Nonnull handle);
const char *_Nullable cpcap_link_type_name(int link_type);

/* Reads the next frame. Returns 1, 0 at the end of the file, or -1 on failure, for which cpcap_reason() has the text. */
int cpcap_next(struct pcap *_Nonnull handle, struct cpcap_frame *_Nonnull frame);
const char *_Nonnull cpcap_reason(struct pcap *_Nonnull handle);

#endif
