/* A small HTTP server, by libmicrohttpd, which is loaded when it is needed: the daemon never is one. */
#ifndef PINHOLE_CHTTP_H
#define PINHOLE_CHTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* An answer: its status, whether it is for Prometheus or for people, and its body, from malloc(3), which the server frees. */
struct chttp_answer {
    unsigned int status;
    bool is_metrics;
    char *body;
    size_t size;
};

/* Answers a GET or HEAD request for `path`. Called from a thread of the server, one at a time. */
typedef struct chttp_answer (*chttp_handler)(void *context, const char *path);

/* Loads the library; false where it is not installed. */
bool chttp_load(void);

/*
 * Listens at this address, given as text, and answers from a thread of its own until the process ends; false with errno
 * where it cannot.
 */
bool chttp_serve(const char *address, uint16_t port, chttp_handler handler, void *context);

#endif
