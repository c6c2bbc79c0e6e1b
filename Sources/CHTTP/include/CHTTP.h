/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small HTTP server, with libmicrohttpd.
 *
 * This is a C target and not a module map: the function that starts the library has a variable number of arguments.
 */
#ifndef PINHOLE_CHTTP_H
#define PINHOLE_CHTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * An answer: its status, whether it has the content type of Prometheus metrics or of plain text, and its body, which comes from
 * malloc(3) and is freed by the server.
 */
struct chttp_answer {
    unsigned int status;
    bool is_metrics;
    char *body;
    size_t size;
};

/* Answers a GET or HEAD request for `path`. Called from the server's thread, for one request at a time. */
typedef struct chttp_answer (*chttp_handler)(void *context, const char *path);

/*
 * Listens at an address, given as text, and answers requests from a thread of its own until the process ends. Returns false
 * with errno on failure.
 */
bool chttp_serve(const char *address, uint16_t port, chttp_handler handler, void *context);

#endif
