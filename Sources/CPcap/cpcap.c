/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "CPcap.h"

#include <dlfcn.h>
#include <pcap/pcap.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

_Static_assert(cpcap_reason_size == PCAP_ERRBUF_SIZE, "libpcap writes up to this many bytes");

/* The functions of libpcap that are used, with the types of its header. */
static struct {
    __typeof__(&pcap_fopen_offline_with_tstamp_precision) open;
    __typeof__(&pcap_close) close;
    __typeof__(&pcap_datalink) datalink;
    __typeof__(&pcap_datalink_val_to_name) datalink_name;
    __typeof__(&pcap_next_ex) next;
    __typeof__(&pcap_geterr) reason;
} pcap;

bool cpcap_load(void)
{
    void *library = dlopen("libpcap.so.0.8", RTLD_NOW | RTLD_LOCAL);

    if (!library)
        return false;
    *(void **)&pcap.open = dlsym(library, "pcap_fopen_offline_with_tstamp_precision");
    *(void **)&pcap.close = dlsym(library, "pcap_close");
    *(void **)&pcap.datalink = dlsym(library, "pcap_datalink");
    *(void **)&pcap.datalink_name = dlsym(library, "pcap_datalink_val_to_name");
    *(void **)&pcap.next = dlsym(library, "pcap_next_ex");
    *(void **)&pcap.reason = dlsym(library, "pcap_geterr");
    return pcap.open && pcap.close && pcap.datalink && pcap.datalink_name && pcap.next && pcap.reason;
}

struct pcap *cpcap_open(int file, char *reason)
{
    FILE *stream = fdopen(file, "r");
    if (!stream) {
        close(file);
        strcpy(reason, "no memory");
        return NULL;
    }
    pcap_t *handle = pcap.open(stream, PCAP_TSTAMP_PRECISION_NANO, reason);
    if (!handle)
        fclose(stream);
    return handle;
}

void cpcap_close(struct pcap *handle)
{
    pcap.close(handle);
}

int cpcap_link_type(struct pcap *handle)
{
    return pcap.datalink(handle);
}

const char *cpcap_link_type_name(int link_type)
{
    return pcap.datalink_name(link_type);
}

int cpcap_next(struct pcap *handle, struct cpcap_frame *frame)
{
    struct pcap_pkthdr *header;
    const u_char *bytes;
    switch (pcap.next(handle, &header, &bytes)) {
    case 1:
        frame->bytes = bytes;
        frame->captured = header->caplen;
        frame->size = header->len;
        frame->seconds = header->ts.tv_sec;
        /* Nanoseconds despite the field's name, as requested from pcap_fopen_offline_with_tstamp_precision(3). */
        frame->nanoseconds = header->ts.tv_usec;
        return 1;
    case PCAP_ERROR_BREAK:
        return 0;
    default:
        return -1;
    }
}

const char *cpcap_reason(struct pcap *handle)
{
    return pcap.reason(handle);
}
