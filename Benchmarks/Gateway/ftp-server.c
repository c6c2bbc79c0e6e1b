/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An FTP server made for load: one process, any number of clients. ftp-server ADDRESS
 *
 * It serves port 21, takes every login, and knows PASV, PORT, RETR and QUIT; the name of a file is its size in bytes.
 * Everything else is answered with 200.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

struct session {
    int control;
    int listener;             /* of PASV; -1 if there is none */
    int data;                 /* -1 if there is none */
    struct sockaddr_in port;  /* of PORT */
    unsigned long long left;  /* bytes of the file that are still to be sent */
    size_t length;
    char input[1024];
};

enum { most_descriptors = 1 << 17, events_at_once = 256 };

/* By each of their descriptors: an event of one that was closed meanwhile finds none, or is a false alarm. */
static struct session *sessions[most_descriptors];
static char zeros[1 << 18];
static int poller;

static void own(struct session *session, int descriptor, uint32_t events)
{
    if (descriptor >= most_descriptors) {
        errno = EMFILE;
        fail("serve so many");
    }
    sessions[descriptor] = session;
    watch(poller, descriptor, events);
}

static void drop(int *descriptor)
{
    if (*descriptor < 0)
        return;
    sessions[*descriptor] = NULL;
    close(*descriptor);
    *descriptor = -1;
}

static void end(struct session *session)
{
    drop(&session->data);
    drop(&session->listener);
    drop(&session->control);
    free(session);
}

static void begin(int listener)
{
    int control;

    while ((control = accept_from(listener)) >= 0) {
        struct session *session = calloc(1, sizeof *session);

        if (!session)
            fail("get memory");
        session->control = control;
        session->listener = session->data = -1;
        own(session, control, EPOLLIN);
        say(control, "220 Ready.\r\n");
    }
}

static void passive(struct session *session)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    unsigned host, port;
    char reply[64];

    drop(&session->data);
    drop(&session->listener);
    if (getsockname(session->control, (struct sockaddr *)&address, &size) < 0)
        fail("tell the own address");
    address.sin_port = 0;
    session->listener = listen_at(address);
    if (getsockname(session->listener, (struct sockaddr *)&address, &size) < 0)
        fail("tell the passive port");
    host = ntohl(address.sin_addr.s_addr);
    port = ntohs(address.sin_port);
    snprintf(reply, sizeof reply, "227 Entering Passive Mode (%u,%u,%u,%u,%u,%u).\r\n", host >> 24, host >> 16 & 255,
             host >> 8 & 255, host & 255, port >> 8, port & 255);
    say(session->control, reply);
}

static void active(struct session *session, const char *argument)
{
    unsigned n[6];

    drop(&session->data);
    drop(&session->listener);
    if (sscanf(argument, "%u,%u,%u,%u,%u,%u", n, n + 1, n + 2, n + 3, n + 4, n + 5) != 6) {
        say(session->control, "501 No such port.\r\n");
        return;
    }
    session->port.sin_family = AF_INET;
    session->port.sin_addr.s_addr = htonl(n[0] << 24 | n[1] << 16 | n[2] << 8 | n[3]);
    session->port.sin_port = htons((uint16_t)(n[4] << 8 | n[5]));
    say(session->control, "200 That port.\r\n");
}

static void retrieve(struct session *session, const char *name)
{
    session->left = strtoull(name, NULL, 10);
    say(session->control, "150 Here it comes.\r\n");
    if (session->listener >= 0) {
        own(session, session->listener, EPOLLIN);
    } else {
        session->data = connect_to(session->port);
        own(session, session->data, EPOLLOUT);
    }
}

/* Sends what fits of the file. */
static void transfer(struct session *session)
{
    size_t size = session->left < sizeof zeros ? (size_t)session->left : sizeof zeros;
    ssize_t sent = send(session->data, zeros, size, MSG_NOSIGNAL);

    if (sent < 0 && errno == EAGAIN)
        return;
    if (sent >= 0)
        session->left -= (size_t)sent;
    if (sent >= 0 && session->left > 0)
        return;
    drop(&session->data);
    say(session->control, sent < 0 ? "426 The data connection failed.\r\n" : "226 That is all.\r\n");
}

/* Does what a line says; false if that ended the session. */
static bool obey(struct session *session, const char *line)
{
    if (!strncasecmp(line, "USER ", 5)) {
        say(session->control, "331 Password?\r\n");
    } else if (!strncasecmp(line, "PASS ", 5)) {
        say(session->control, "230 Welcome.\r\n");
    } else if (!strncasecmp(line, "PASV", 4)) {
        passive(session);
    } else if (!strncasecmp(line, "PORT ", 5)) {
        active(session, line + 5);
    } else if (!strncasecmp(line, "RETR ", 5)) {
        retrieve(session, line + 5);
    } else if (!strncasecmp(line, "QUIT", 4)) {
        say(session->control, "221 Goodbye.\r\n");
        end(session);
        return false;
    } else {
        say(session->control, "200 Well.\r\n");
    }
    return true;
}

static void listen_to(struct session *session)
{
    ssize_t received = recv(session->control, session->input + session->length,
                            sizeof session->input - 1 - session->length, 0);
    char *start = session->input, *line_end;

    if (received < 0 && errno == EAGAIN)
        return;
    if (received <= 0) {
        end(session);
        return;
    }
    session->length += (size_t)received;
    session->input[session->length] = '\0';
    while ((line_end = strchr(start, '\n'))) {
        *line_end = '\0';
        if (!obey(session, start))
            return;
        start = line_end + 1;
    }
    session->length -= (size_t)(start - session->input);
    memmove(session->input, start, session->length);
}

int main(int argc, char **argv)
{
    struct epoll_event events[events_at_once];
    int listener;

    if (argc != 2)
        usage("ftp-server ADDRESS");
    allow_descriptors();
    poller = epoll_create1(EPOLL_CLOEXEC);
    listener = listen_at(endpoint(argv[1], 21));
    watch(poller, listener, EPOLLIN);
    for (;;) {
        int count = epoll_wait(poller, events, events_at_once, -1);

        for (int i = 0; i < count; i++) {
            int descriptor = events[i].data.fd;
            struct session *session = sessions[descriptor];

            if (descriptor == listener) {
                begin(listener);
            } else if (session && descriptor == session->control) {
                listen_to(session);
            } else if (session && descriptor == session->data) {
                transfer(session);
            } else if (session && (session->data = accept_from(descriptor)) >= 0) {
                drop(&session->listener);
                own(session, session->data, EPOLLOUT);
            }
        }
    }
}
