#include "CPcap.h"

#include <pcap/pcap.h>
#include <string.h>
#include <unistd.h>

_Static_assert(cpcap_reason_size == PCAP_ERRBUF_SIZE, "libpcap writes up to this many bytes");

struct pcap *cpcap_open(int file, char *reason)
{
    FILE *stream = fdopen(file, "r");
    if (!stream) {
        close(file);
        strcpy(reason, "no memory");
        return NULL;
    }
    pcap_t *handle = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, reason);
    if (!handle)
        fclose(stream);
    return handle;
}

void cpcap_close(struct pcap *handle)
{
    pcap_close(handle);
}

int cpcap_link_type(struct pcap *handle)
{
    return pcap_datalink(handle);
}

const char *cpcap_link_type_name(int link_type)
{
    return pcap_datalink_val_to_name(link_type);
}

int cpcap_next(struct pcap *handle, struct cpcap_frame *frame)
{
    struct pcap_pkthdr *header;
    const u_char *bytes;
    switch (pcap_next_ex(handle, &header, &bytes)) {
    case 1:
        frame->bytes = bytes;
        frame->captured = header->caplen;
        frame->size = header->len;
        frame->seconds = header->ts.tv_sec;
        /* The precision that was asked for: not microseconds, whatever the field is called. */
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
    return pcap_geterr(handle);
}
