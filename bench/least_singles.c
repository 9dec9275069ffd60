/* The least that durable ingest of single events over HTTP can do, as a bound for what the
 * server can reach: a thread receives what has come in on all its connections, writes the
 * bodies into a plain file whose bytes were written before (as zeroes), makes them durable
 * with one fdatasync and answers all; another does the same with the other connections, so
 * that there is work for the cores while the disk writes. Nothing looks at the events: it
 * knows no credentials, no ids that came before, no journal and no floor.
 *
 *   least_singles FILE
 *
 * Listens on a free port of 127.0.0.1, prints it, and answers until it is ended. The files
 * are gone with it. */
#include "client.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define LOOPS 2
#define TURN_MAX 64 /* connections answered together */
#define REQUEST_MAX 8192
#define FILE_BYTES (64 << 20)

/* A thread's. */
struct loop {
    int epoll, file;
    off_t at; /* where the next bytes go */
};

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

static void keep(struct loop *l, struct connection *const *whole, int count)
{
    struct iovec parts[TURN_MAX];
    size_t bytes = 0;
    for (int i = 0; i < count; i++) {
        parts[i] = whole[i]->body;
        bytes += parts[i].iov_len;
    }
    if (l->at + (off_t)bytes > FILE_BYTES)
        l->at = 0;
    if (pwritev(l->file, parts, count, l->at) != (ssize_t)bytes || fdatasync(l->file) != 0)
        client_fail("a write failed");
    l->at += (off_t)bytes;
}

static void answer(struct connection *c)
{
    static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"rejected\":[]}";
    c->got = 0; /* the client sends its next request after the answer */
    send(c->fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL);
}

static void *serve(void *data)
{
    struct loop *l = data;
    for (;;) {
        struct epoll_event ready[TURN_MAX];
        struct connection *whole[TURN_MAX];
        int whole_count = 0, count = epoll_wait(l->epoll, ready, TURN_MAX, -1);
        for (int i = 0; i < count; i++) {
            struct connection *c = ready[i].data.ptr;
            if (receive(c))
                whole[whole_count++] = c;
        }
        if (whole_count > 0)
            keep(l, whole, whole_count);
        for (int i = 0; i < whole_count; i++)
            answer(whole[i]);
    }
    return NULL;
}

static int zeroed_file(const char *path)
{
    static const char zeroes[1 << 20];
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (size_t i = 0; file >= 0 && i < FILE_BYTES / sizeof zeroes; i++)
        if (write(file, zeroes, sizeof zeroes) != (ssize_t)sizeof zeroes)
            client_fail("a write failed");
    if (file < 0 || fsync(file) != 0 || unlink(path) != 0)
        client_fail("the file cannot be written");
    return file;
}

static void take_connection(const struct loop *l, int listener)
{
    int on = 1;
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL || (c->fd = accept(listener, NULL, NULL)) < 0)
        client_fail("no connection");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
        client_fail("a connection cannot be watched");
}

int main(int argc, char **argv)
{
    static struct loop loops[LOOPS];
    if (argc < 2)
        client_fail("FILE");
    for (unsigned i = 0; i < LOOPS; i++) {
        pthread_t thread;
        loops[i] = (struct loop){epoll_create1(0), zeroed_file(argv[1]), 0};
        if (pthread_create(&thread, NULL, serve, &loops[i]) != 0)
            client_fail("no thread");
    }
    int listener = client_listen(TURN_MAX);
    for (unsigned i = 0;; i++)
        take_connection(&loops[i % LOOPS], listener);
}
