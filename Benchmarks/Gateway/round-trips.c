/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control round trips, a command and its reply, over many connections at once: round-trips ADDRESS CONNECTIONS SECONDS
 *
 * Logs in on every connection, then sends NOOP on each of them as soon as the one before is answered. Prints JSON: how
 * many a second, and the median and the 99th percentile of the time that one took, in microseconds. With 0 seconds it
 * prints that all connections stand, and keeps them until standard input ends.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

/* Of a connection: what it was sent last, and when. A reply is one segment, as short ones are. */
struct connection {
    enum { greeting, user, password, noop } awaited;
    uint64_t since;
};

enum { most_descriptors = 1 << 17, events_at_once = 256, logins_at_once = 128, most_times = 1 << 22 };

static const uint64_t warm_up = 200000000;

static struct connection connections[most_descriptors];
static uint32_t times[most_times]; /* nanoseconds of each round trip */
static unsigned long count;
static int poller, logged_in;

static void command(int descriptor, const char *text, uint64_t at)
{
    connections[descriptor].awaited++;
    connections[descriptor].since = at;
    if (say(descriptor, text) < 0)
        fail("send a command");
}

static void open_one(struct sockaddr_in server)
{
    int descriptor = connect_to(server);

    if (descriptor >= most_descriptors) {
        errno = EMFILE;
        fail("open so many connections");
    }
    connections[descriptor].awaited = greeting;
    watch(poller, descriptor, EPOLLIN);
}

/* Takes a reply, and sends the next command if the measurement has begun or the login goes on. */
static void answer(int descriptor, bool measures, uint64_t at)
{
    static const char *const codes[] = {"220", "331", "230", "200"};
    struct connection *connection = &connections[descriptor];
    char reply[256];
    ssize_t received = recv(descriptor, reply, sizeof reply, 0);

    if (received < 0 && errno == EAGAIN)
        return;
    if (received <= 0)
        fail("receive a reply");
    if (received < 5 || memcmp(reply, codes[connection->awaited], 3) || reply[received - 1] != '\n') {
        fprintf(stderr, "round-trips: unexpected reply: %.*s\n", (int)received, reply);
        exit(1);
    }
    switch (connection->awaited) {
    case greeting:
        command(descriptor, "USER anonymous\r\n", at);
        break;
    case user:
        command(descriptor, "PASS guest\r\n", at);
        break;
    case password:
        logged_in++;
        break;
    case noop:
        if (measures && count < most_times)
            times[count++] = (uint32_t)(at - connection->since);
        connection->awaited = password;
        command(descriptor, "NOOP\r\n", at);
    }
}

/* Takes the replies that have come, or the first that comes. */
static void turn(bool measures)
{
    struct epoll_event events[events_at_once];
    int ready = epoll_wait(poller, events, events_at_once, 1000);

    for (int i = 0; i < ready; i++)
        answer(events[i].data.fd, measures, now());
}

static int compare(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;

    return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
    struct sockaddr_in server;
    int wanted, opened = 0;
    double seconds;
    uint64_t start;

    if (argc != 4)
        usage("round-trips ADDRESS CONNECTIONS SECONDS");
    server = endpoint(argv[1], 21);
    wanted = atoi(argv[2]);
    seconds = atof(argv[3]);
    allow_descriptors();
    poller = epoll_create1(EPOLL_CLOEXEC);
    while (logged_in < wanted) {
        for (; opened < wanted && opened - logged_in < logins_at_once; opened++)
            open_one(server);
        turn(false);
    }
    if (seconds == 0) {
        printf("{\"connections\": %d}\n", logged_in);
        fflush(stdout);
        while (getchar() != EOF)
            ;
        return 0;
    }
    for (int descriptor = 0, begun = 0; begun < wanted; descriptor++) {
        if (connections[descriptor].awaited == password) {
            command(descriptor, "NOOP\r\n", now());
            begun++;
        }
    }
    for (start = now(); now() < start + warm_up;)
        turn(false);
    for (start = now(); now() < start + (uint64_t)(seconds * 1e9);)
        turn(true);
    seconds = (double)(now() - start) / 1e9;
    if (count == 0 || count == most_times) {
        fprintf(stderr, "round-trips: %lu round trips tell nothing\n", count);
        return 1;
    }
    qsort(times, count, sizeof *times, compare);
    printf("{\"rate\": %.1f, \"count\": %lu, \"median\": %.2f, \"p99\": %.2f}\n", (double)count / seconds, count,
           times[count / 2] / 1e3, times[count * 99 / 100] / 1e3);
    return 0;
}
