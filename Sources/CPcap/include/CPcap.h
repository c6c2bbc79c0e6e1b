/*
 * Captures on disk, through libpcap.
 *
 * A target of C code and not a module of <pcap/pcap.h>: with that, <sys/time.h> would belong to the module, and Swift
 * would no longer find `timespec` in Glibc.
 *
 * The library is loaded when the first capture is opened, and not with the program: Debian's brings D-Bus, systemd's and
 * libgcrypt's libraries along, which have no business in a daemon that packets of strangers go through.
 */
#ifndef PINHOLE_CPCAP_H
#define PINHOLE_CPCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libpcap's own handle, pcap_t. */
struct pcap;

struct cpcap_frame {
    /* Valid until the next call with the same handle. */
    const uint8_t *_Nullable bytes;
    /* Bytes that the capture has of it, and that it had on the wire. */
    uint32_t captured;
    uint32_t size;
    /* Since 1970 began; what a damaged file says may be anything. */
    int64_t seconds;
    int64_t nanoseconds;
};

/* Bytes of room for a reason, NUL included (PCAP_ERRBUF_SIZE). */
enum { cpcap_reason_size = 256 };

/* Loads libpcap, once and before any other call; false where it is not installed. */
bool cpcap_load(void);

/*
 * Reads the header of the capture in an open file; the file is closed with the handle. On failure the file is closed at
 * once, NULL returned, and `reason` filled with NUL-terminated text.
 */
struct pcap *_Nullable cpcap_open(int file, char *_Nonnull reason);

void cpcap_close(struct pcap *_Nonnull handle);

/* What frames begin with, a DLT_..., and its name or NULL. */
int cpcap_link_type(struct pcap *_Nonnull handle);
const char *_Nullable cpcap_link_type_name(int link_type);

/* Reads the next frame: 1, or 0 at the end of the file, or -1 on failure, of which cpcap_reason then tells. */
int cpcap_next(struct pcap *_Nonnull handle, struct cpcap_frame *_Nonnull frame);
const char *_Nonnull cpcap_reason(struct pcap *_Nonnull handle);

#endif
