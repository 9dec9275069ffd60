/* The least that durable ingest of single events over HTTP can do, as a bound for what the
 * server can reach: one thread receives what has come in on all connections, writes the
 * bodies into a plain file whose bytes were written before (as zeroes), makes them durable
 * with one fdatasync and answers all. Nothing looks at the events: it knows no credentials,
 * no ids that came before, no journal and no floor.
 *
 *   least_singles FILE
 *
 * Listens on a free port of 127.0.0.1, prints it, and answers until it is ended. */
#include "client.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define TURN_MAX 64 /* connections answered together */
#define REQUEST_MAX 8192
#define FILE_BYTES (64 << 20)

struct connection {
    int fd;
    size_t got;
    struct iovec body;
    char bytes[REQUEST_MAX + 1];
};

/* The whole request is there. */
static bool receive(struct connection *c)
{
    ssize_t more = recv(c->fd, c->bytes + c->got, REQUEST_MAX - c->got, 0);
    if (more <= 0) {
        close(c->fd);
        free(c);
        return false;
    }
    c->got += (size_t)more;
    c->bytes[c->got] = '\0';
    const char *length = strstr(c->bytes, "Content-Length: ");
    char *end = strstr(c->bytes, "\r\n\r\n");
    if (end == NULL || length == NULL)
        return false;
    c->body = (struct iovec){end + 4, strtoul(length + strlen("Content-Length: "), NULL, 10)};
    return c->got >= (size_t)(end + 4 - c->bytes) + c->body.iov_len;
}

static void keep(int file, struct connection *const *whole, int count)
{
    static off_t at;
    struct iovec parts[TURN_MAX];
    size_t bytes = 0;
    for (int i = 0; i < count; i++) {
        parts[i] = whole[i]->body;
        bytes += parts[i].iov_len;
    }
    if (at + (off_t)bytes > FILE_BYTES)
        at = 0;
    if (pwritev(file, parts, count, at) != (ssize_t)bytes || fdatasync(file) != 0)
        client_fail("a write failed");
    at += (off_t)bytes;
}

static void answer(struct connection *c)
{
    static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"rejected\":[]}";
    c->got = 0; /* the client sends its next request after the answer */
    send(c->fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL);
}

static void watch(int epoll, int fd, struct connection *c)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        client_fail("a connection cannot be watched");
}

static void take_connection(int epoll, int listener)
{
    int on = 1;
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL || (c->fd = accept(listener, NULL, NULL)) < 0)
        client_fail("no connection");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(epoll, c->fd, c);
}

static int zeroed_file(const char *path)
{
    static const char zeroes[1 << 20];
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (size_t i = 0; file >= 0 && i < FILE_BYTES / sizeof zeroes; i++)
        if (write(file, zeroes, sizeof zeroes) != (ssize_t)sizeof zeroes)
            client_fail("a write failed");
    if (file < 0 || fsync(file) != 0)
        client_fail("the file cannot be written");
    return file;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        client_fail("FILE");
    int file = zeroed_file(argv[1]), epoll = epoll_create1(0);
    int listener = client_listen(TURN_MAX);
    watch(epoll, listener, NULL);
    for (;;) {
        struct epoll_event ready[TURN_MAX];
        struct connection *whole[TURN_MAX];
        int whole_count = 0, count = epoll_wait(epoll, ready, TURN_MAX, -1);
        for (int i = 0; i < count; i++) {
            struct connection *c = ready[i].data.ptr;
            if (c == NULL)
                take_connection(epoll, listener);
            else if (receive(c))
                whole[whole_count++] = c;
        }
        if (whole_count > 0)
            keep(file, whole, whole_count);
        for (int i = 0; i < whole_count; i++)
            answer(whole[i]);
    }
}
