#include "http/worker.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int set_on(int fd, int level, int option)
{
    int on = 1;
    return setsockopt(fd, level, option, &on, sizeof on);
}

/* A bound socket of its own for each worker; the system spreads connections. */
static int bound_socket(const struct sockaddr *address, socklen_t size)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (set_on(fd, SOL_SOCKET, SO_REUSEADDR) == 0 && set_on(fd, SOL_SOCKET, SO_REUSEPORT) == 0 &&
        bind(fd, address, size) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* SO_REUSEPORT would let a second server take half of the connections of a first one of
 * the same user in silence; so the port is first tried without it. */
static int port_is_free(const struct sockaddr *address, socklen_t size)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    set_on(fd, SOL_SOCKET, SO_REUSEADDR);
    int result = bind(fd, address, size) == 0 ? listen(fd, 1) : -1;
    int error = errno;
    close(fd);
    errno = error;
    return result;
}

static void port_set(struct sockaddr_storage *address, uint16_t port)
{
    if (address->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)(void *)address)->sin_port = htons(port);
}

static uint16_t port_of(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
    return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
}

static int resolve(const struct http_settings *s, struct sockaddr_storage *out, socklen_t *size,
                   struct problem *problem)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found;
    int error = getaddrinfo(s->host, NULL, &hints, &found);
    if (error != 0)
        return problem_set(problem, PROBLEM_INTERNAL, "The address %s is not known: %s.", s->host,
                           gai_strerror(error));
    memcpy(out, found->ai_addr, found->ai_addrlen);
    *size = found->ai_addrlen;
    freeaddrinfo(found);
    port_set(out, s->port);
    return 0;
}

static int listen_problem(const struct http_settings *s, int error, struct problem *problem)
{
    return problem_set(problem, PROBLEM_INTERNAL, "Cannot listen on %s port %u: %s.", s->host,
                       s->port, strerror(error));
}

static int workers_init(struct http_server *server, struct problem *problem)
{
    const struct http_settings *s = &server->settings;
    struct sockaddr_storage address;
    socklen_t size = 0;
    if (resolve(s, &address, &size, problem) < 0)
        return -1;
    if (s->port != 0 && port_is_free((struct sockaddr *)&address, size) < 0)
        return listen_problem(s, errno, problem);
    for (unsigned i = 0; i < s->workers; i++) {
        int fd = bound_socket((struct sockaddr *)&address, size);
        if (fd < 0)
            return listen_problem(s, errno, problem);
        server->worker_count++;
        int error = worker_init(&server->workers[i], server, i, fd);
        if (error != 0)
            return problem_set(problem, PROBLEM_INTERNAL, "Cannot listen on %s port %u: %s.",
                               s->host, s->port, uv_strerror(error));
        if (i == 0) {
            socklen_t length = sizeof address;
            getsockname(fd, (struct sockaddr *)&address, &length);
            server->port = port_of(&address);
        }
    }
    return 0;
}

int http_start(const struct http_settings *settings, struct http_server **out,
               struct problem *problem)
{
    struct http_server *server = calloc(1, sizeof *server);
    if (server != NULL) {
        server->settings = *settings;
        server->host = strdup(settings->host);
        server->settings.host = server->host;
        server->workers = calloc(settings->workers, sizeof *server->workers);
    }
    if (server == NULL || server->host == NULL || server->workers == NULL) {
        if (server != NULL) {
            free(server->host);
            free(server->workers);
        }
        free(server);
        return problem_set(problem, PROBLEM_INTERNAL, "There is no memory to listen.");
    }
    int failed = workers_init(server, problem);
    for (unsigned i = 0; i < server->worker_count && failed == 0; i++)
        if (worker_start(&server->workers[i]) < 0)
            failed = problem_set(problem, PROBLEM_INTERNAL, "A worker cannot be started.");
    if (failed != 0) {
        http_stop(server, 0);
        return -1;
    }
    *out = server;
    return 0;
}

uint16_t http_port(const struct http_server *server)
{
    return server->port;
}

void http_stop(struct http_server *server, unsigned deadline_ms)
{
    for (unsigned i = 0; i < server->worker_count; i++)
        worker_ask_stop(&server->workers[i], deadline_ms);
    for (unsigned i = 0; i < server->worker_count; i++)
        worker_join(&server->workers[i]);
    free(server->workers);
    free(server->host);
    free(server);
}

const struct http_request *http_get_request(const struct http_exchange *x)
{
    return &x->head.request;
}

unsigned http_worker_index(const struct http_exchange *x)
{
    return x->worker->index;
}

const char *http_peer_address(const struct http_exchange *x)
{
    return x->peer;
}

void http_set_user(struct http_exchange *x, void *user)
{
    x->user = user;
}

void *http_get_user(const struct http_exchange *x)
{
    return x->user;
}

void http_set_repeatable(struct http_exchange *x)
{
    x->repeatable = true;
}

void http_set_lasting(struct http_exchange *x, const void *proof, size_t size)
{
    x->repeatable = x->lasting = true;
    memcpy(x->proof, proof, size < sizeof x->proof ? size : sizeof x->proof);
}

const struct span *http_find_field(const struct http_request *request, const char *name)
{
    struct span wanted = span_of(name);
    for (size_t i = 0; i < request->field_count; i++)
        if (request->fields[i].name.len == wanted.len &&
            span_equal_nocase(request->fields[i].name, wanted))
            return &request->fields[i].value;
    return NULL;
}
