#include "CHTTP.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>

/* Clients at once, and seconds for each: a scraper is one, and quick. */
enum { clients = 32, patience = 10 };

/* The functions of libmicrohttpd that are used, with the types of its header. */
static struct {
    __typeof__(&MHD_start_daemon) start;
    __typeof__(&MHD_create_response_from_buffer) make;
    __typeof__(&MHD_add_response_header) add_header;
    __typeof__(&MHD_queue_response) queue;
    __typeof__(&MHD_destroy_response) destroy;
} http;

/* Whom to ask for answers. */
static struct {
    chttp_handler answer;
    void *context;
} server;

bool chttp_load(void)
{
    void *library = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL);

    if (!library)
        return false;
    *(void **)&http.start = dlsym(library, "MHD_start_daemon");
    *(void **)&http.make = dlsym(library, "MHD_create_response_from_buffer");
    *(void **)&http.add_header = dlsym(library, "MHD_add_response_header");
    *(void **)&http.queue = dlsym(library, "MHD_queue_response");
    *(void **)&http.destroy = dlsym(library, "MHD_destroy_response");
    return http.start && http.make && http.add_header && http.queue && http.destroy;
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
    response = http.make(answer.size, answer.body, MHD_RESPMEM_MUST_FREE);
    if (!response)
        return MHD_NO;
    http.add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                    answer.is_metrics ? "text/plain; version=0.0.4; charset=utf-8" : "text/plain; charset=utf-8");
    result = http.queue(connection, answer.status, response);
    http.destroy(response);
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
    errno = 0;
    return http.start(MHD_USE_POLL_INTERNAL_THREAD | (is_v4 ? 0 : MHD_USE_IPv6), 0, NULL, NULL, handle, NULL,
                      MHD_OPTION_SOCK_ADDR, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
                      MHD_OPTION_CONNECTION_LIMIT, (unsigned int)clients,
                      MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)patience, MHD_OPTION_END) != NULL;
}
