/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole FTP sessions, many at once: ftp-client ADDRESS CLIENTS SECONDS SIZE
 *
 * Each client logs in, fetches the file called SIZE, which has so many bytes, by PASV and by PORT, quits, and begins
 * anew. It connects to where a 227 says. Prints JSON: sessions and megabytes a second, and how many sessions did nothing
 * for the last second. A SIZE that is never reached measures one established data connection.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

/* What a session waits for; the two transfers also for the end of their data. */
enum step { greeting, user, password, pasv, passive_transfer, port, active_transfer, quit };

struct session {
    enum step step;
    int control;
    int listener; /* for PORT; -1 if there is none */
    int data;     /* -1 if there is none */
    int closing;  /* what the transfer has had of its two ends: the 226, the end of the data */
    unsigned long long received;
    uint64_t since;
    size_t length;
    char input[512];
};

enum { most_descriptors = 1 << 16, events_at_once = 256 };

/* By each of their descriptors: an event of one that was closed meanwhile finds none, or is a false alarm. */
static struct session *sessions[most_descriptors];
static char buffer[1 << 18];
static struct sockaddr_in server;
static unsigned long long size, bytes;
static unsigned long completed;
static int poller;

static void own(struct session *session, int descriptor)
{
    if (descriptor >= most_descriptors) {
        errno = EMFILE;
        fail("have so many sessions");
    }
    sessions[descriptor] = session;
    watch(poller, descriptor, EPOLLIN);
}

static void drop(int *descriptor)
{
    if (*descriptor < 0)
        return;
    sessions[*descriptor] = NULL;
    close(*descriptor);
    *descriptor = -1;
}

static void begin(struct session *session)
{
    *session = (struct session){.control = connect_to(server), .listener = -1, .data = -1, .since = now()};
    own(session, session->control);
}

/* Sends a command; its reply, or its transfer, is the next step. */
static void command(struct session *session, const char *text)
{
    session->step++;
    session->received = 0;
    session->closing = 0;
    if (say(session->control, text) < 0)
        fail("send a command");
}

static void retrieve(struct session *session)
{
    char text[64];

    snprintf(text, sizeof text, "RETR %llu\r\n", size);
    command(session, text);
}

static void announce(struct session *session)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    unsigned host, number;
    char text[64];

    if (getsockname(session->control, (struct sockaddr *)&address, &length) < 0)
        fail("tell the own address");
    address.sin_port = 0;
    session->listener = listen_at(address);
    own(session, session->listener);
    if (getsockname(session->listener, (struct sockaddr *)&address, &length) < 0)
        fail("tell the own port");
    host = ntohl(address.sin_addr.s_addr);
    number = ntohs(address.sin_port);
    snprintf(text, sizeof text, "PORT %u,%u,%u,%u,%u,%u\r\n", host >> 24, host >> 16 & 255, host >> 8 & 255, host & 255,
             number >> 8, number & 255);
    command(session, text);
}

/* Connects to where the reply says. */
static void follow(struct session *session, const char *reply)
{
    unsigned n[6];
    const char *field = strchr(reply, '(');
    struct sockaddr_in address = {.sin_family = AF_INET};

    if (!field || sscanf(field, "(%u,%u,%u,%u,%u,%u)", n, n + 1, n + 2, n + 3, n + 4, n + 5) != 6) {
        errno = EBADMSG;
        fail("read the reply to PASV");
    }
    address.sin_addr.s_addr = htonl(n[0] << 24 | n[1] << 16 | n[2] << 8 | n[3]);
    address.sin_port = htons((uint16_t)(n[4] << 8 | n[5]));
    session->data = connect_to(address);
    own(session, session->data);
    retrieve(session);
}

/* One of the two ends of a transfer has come. */
static void finish(struct session *session)
{
    if (++session->closing < 2)
        return;
    if (session->received != size) {
        errno = EPIPE;
        fail("get the file whole");
    }
    if (session->step == passive_transfer)
        announce(session);
    else
        command(session, "QUIT\r\n");
}

static void answer(struct session *session, const char *reply)
{
    static const char *const codes[] = {"220", "331", "230", "227", "226", "200", "226", "221"};

    if (!strncmp(reply, "150", 3) && (session->step == passive_transfer || session->step == active_transfer))
        return;
    if (strncmp(reply, codes[session->step], 3)) {
        fprintf(stderr, "ftp-client: unexpected reply: %s\n", reply);
        exit(1);
    }
    switch (session->step) {
    case greeting:
        command(session, "USER anonymous\r\n");
        break;
    case user:
        command(session, "PASS guest\r\n");
        break;
    case password:
        command(session, "PASV\r\n");
        break;
    case pasv:
        follow(session, reply);
        break;
    case port:
        retrieve(session);
        break;
    case passive_transfer:
    case active_transfer:
        finish(session);
        break;
    case quit:
        drop(&session->control);
        completed++;
        begin(session);
    }
}

static void read_replies(struct session *session)
{
    ssize_t received = recv(session->control, session->input + session->length,
                            sizeof session->input - 1 - session->length, 0);
    char *line_end;

    if (received < 0 && errno == EAGAIN)
        return;
    if (received <= 0)
        fail("receive a reply");
    session->length += (size_t)received;
    session->input[session->length] = '\0';
    while ((line_end = strchr(session->input, '\n'))) {
        char line[sizeof session->input];
        size_t length = (size_t)(line_end - session->input) + 1;

        memcpy(line, session->input, length);
        line[length] = '\0';
        session->length -= length;
        memmove(session->input, line_end + 1, session->length + 1);
        answer(session, line);
    }
}

static void read_data(struct session *session)
{
    ssize_t received = recv(session->data, buffer, sizeof buffer, 0);

    if (received < 0 && errno == EAGAIN)
        return;
    if (received < 0)
        fail("receive data");
    session->received += (size_t)received;
    bytes += (size_t)received;
    if (received == 0) {
        drop(&session->data);
        finish(session);
    }
}

static void turn(void)
{
    struct epoll_event events[events_at_once];
    int ready = epoll_wait(poller, events, events_at_once, 100);

    for (int i = 0; i < ready; i++) {
        int descriptor = events[i].data.fd;
        struct session *session = sessions[descriptor];

        if (!session)
            continue;
        session->since = now();
        if (descriptor == session->control) {
            read_replies(session);
        } else if (descriptor == session->data) {
            read_data(session);
        } else if ((session->data = accept_from(descriptor)) >= 0) {
            drop(&session->listener);
            own(session, session->data);
        }
    }
}

int main(int argc, char **argv)
{
    struct session *all;
    int clients, stalled = 0;
    double seconds;
    uint64_t start, end;

    if (argc != 5)
        usage("ftp-client ADDRESS CLIENTS SECONDS SIZE");
    server = endpoint(argv[1], 21);
    clients = atoi(argv[2]);
    seconds = atof(argv[3]);
    size = strtoull(argv[4], NULL, 10);
    all = calloc((size_t)clients, sizeof *all);
    poller = epoll_create1(EPOLL_CLOEXEC);
    start = now();
    end = start + (uint64_t)(seconds * 1e9);
    for (int i = 0; i < clients; i++)
        begin(&all[i]);
    while (now() < end)
        turn();
    end = now();
    for (int i = 0; i < clients; i++)
        stalled += end - all[i].since > 1000000000;
    seconds = (double)(end - start) / 1e9;
    printf("{\"rate\": %.1f, \"count\": %lu, \"megabytes\": %.1f, \"stalled\": %d}\n", (double)completed / seconds,
           completed, (double)bytes / 1e6 / seconds, stalled);
    return 0;
}
