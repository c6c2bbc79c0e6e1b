/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "CHTTP.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * The largest number of connected clients, and of those with one address (for IPv6, in one /64). If one more connects, the
 * oldest client is cut off: of the same address if that has too many, otherwise of the address with the most clients. A
 * scraper has its answer long before that; a client that is slow on purpose has not.
 */
enum { clients = 256, clients_of_one = 64 };

/* Seconds from accepting a client to the end of its answer. The daemon may take five of them to produce the answer. */
enum { request_seconds = 10 };

/* Bytes of memory for the request of one client, with its headers: more than any scraper needs. */
enum { memory = 16384 };

/* A connected client. */
struct client {
    int stream;          /* open while the client is in the table: the library notifies before it closes the socket */
    bool is_over;        /* cut off; the library has not noticed yet */
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d; of an IPv6 address, the first 64 bits */
    struct timespec end; /* when the client is cut off */
    struct client *next; /* the next younger client */
};

/* All clients, oldest first; shared by the library's thread and the one that enforces the time limit. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct client *first;
} table = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* The handler that answers requests. */
static struct {
    chttp_handler answer;
    void *context;
} server;

/* Shuts down a client's connection, which the library then closes. The table must be locked. */
static void cut_off(struct client *client)
{
    client->is_over = true;
    shutdown(client->stream, SHUT_RDWR);
}

static bool have_same_address(const struct client *one, const struct client *other)
{
    return memcmp(one->address, other->address, sizeof one->address) == 0;
}

/* Counts the clients with the address of `model`. */
static int count_like(const struct client *model)
{
    int count = 0;

    for (const struct client *client = table.first; client; client = client->next)
        count += !client->is_over && have_same_address(client, model);
    return count;
}

/* Cuts off a client if there are too many with the newest one. The table must be locked. */
static void make_room(const struct client *newest)
{
    struct client *oldest = NULL;
    int count = 0, most = 0;

    for (const struct client *client = table.first; client; client = client->next)
        count += !client->is_over;
    if (count_like(newest) > clients_of_one) {
        for (oldest = table.first; oldest->is_over || !have_same_address(oldest, newest);)
            oldest = oldest->next;
    } else if (count > clients) {
        /* The first client of an address is its oldest. The loop takes quadratic time, with at most 2 * `clients` entries. */
        for (struct client *client = table.first; client; client = client->next) {
            int same = client->is_over ? 0 : count_like(client);
            if (same > most) {
                most = same;
                oldest = client;
            }
        }
    }
    if (oldest)
        cut_off(oldest);
}

static void describe(const struct sockaddr *address, uint8_t *bytes)
{
    static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    memset(bytes, 0, 16);
    if (address->sa_family == AF_INET) {
        memcpy(bytes, mapped, sizeof mapped);
        memcpy(bytes + sizeof mapped, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        memcpy(bytes, v6, IN6_IS_ADDR_V4MAPPED(v6) ? 16 : 8);
    }
}

static void let_in(struct MHD_Connection *connection, void **place)
{
    const union MHD_ConnectionInfo *stream = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *address = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct client *client = stream && address ? calloc(1, sizeof *client) : NULL;
    struct client **last = &table.first;

    *place = client;
    if (!client) {
        /* Without an entry the time limit could not be enforced. */
        if (stream)
            shutdown(stream->connect_fd, SHUT_RDWR);
        return;
    }
    client->stream = stream->connect_fd;
    describe(address->client_addr, client->address);
    clock_gettime(CLOCK_MONOTONIC, &client->end);
    client->end.tv_sec += request_seconds;
    pthread_mutex_lock(&table.mutex);
    while (*last)
        last = &(*last)->next;
    *last = client;
    make_room(client);
    pthread_cond_signal(&table.changed);
    pthread_mutex_unlock(&table.mutex);
}

static void let_go(struct client *client)
{
    struct client **place = &table.first;

    pthread_mutex_lock(&table.mutex);
    while (*place && *place != client)
        place = &(*place)->next;
    if (*place)
        *place = client->next;
    pthread_mutex_unlock(&table.mutex);
    free(client);
}

static void notice(void *context, struct MHD_Connection *connection, void **place,
                   enum MHD_ConnectionNotificationCode event)
{
    (void)context;
    if (event == MHD_CONNECTION_NOTIFY_STARTED)
        let_in(connection, place);
    else
        let_go(*place);
}

static bool is_past(const struct timespec *moment)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec != moment->tv_sec ? now.tv_sec > moment->tv_sec : now.tv_nsec >= moment->tv_nsec;
}

/* A thread that cuts off clients whose time is over; runs as long as the process. */
static void *watch(void *context)
{
    pthread_mutex_lock(&table.mutex);
    for (;;) {
        struct client *next = table.first;

        while (next && next->is_over)
            next = next->next;
        if (!next)
            pthread_cond_wait(&table.changed, &table.mutex);
        else if (is_past(&next->end))
            cut_off(next);
        else
            pthread_cond_timedwait(&table.changed, &table.mutex, &next->end);
    }
    return context;
}

/* Starts the thread that enforces the time limit; returns false with errno on failure. */
static bool start_watching(void)
{
    pthread_condattr_t attributes;
    pthread_t thread;
    int reason;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&table.changed, &attributes);
    pthread_condattr_destroy(&attributes);
    reason = pthread_create(&thread, NULL, watch, NULL);
    if (reason == 0)
        pthread_detach(thread);
    errno = reason;
    return reason == 0;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *upload, size_t *size, void **state)
{
    struct chttp_answer answer = {MHD_HTTP_METHOD_NOT_ALLOWED, false, NULL, 0};
    struct MHD_Response *response;
    enum MHD_Result result;

    (void)context, (void)version, (void)upload, (void)size, (void)state;
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
        answer = server.answer(server.context, path);
    response = MHD_create_response_from_buffer(answer.size, answer.body, MHD_RESPMEM_MUST_FREE);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            answer.is_metrics ? "text/plain; version=0.0.4; charset=utf-8" : "text/plain; charset=utf-8");
    /* One request for each connection, because the time limit is one for the connection. */
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    result = MHD_queue_response(connection, answer.status, response);
    MHD_destroy_response(response);
    return result;
}

bool chttp_serve(const char *address, uint16_t port, chttp_handler handler, void *context)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;

    if (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1) {
        errno = EINVAL;
        return false;
    }
    server.answer = handler;
    server.context = context;
    if (!start_watching())
        return false;
    errno = 0;
    return MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | (is_v4 ? 0 : MHD_USE_IPv6), 0, NULL, NULL, handle, NULL,
                            MHD_OPTION_SOCK_ADDR, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
                            MHD_OPTION_NOTIFY_CONNECTION, notice, NULL,
                            /* Clients that were cut off still count until the library closes their sockets. */
                            MHD_OPTION_CONNECTION_LIMIT, 2U * clients,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)memory, MHD_OPTION_END) != NULL;
}
