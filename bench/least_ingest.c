/* The least that durable ingest over HTTP can do, as a bound for what the server can reach: a
 * thread for each connection receives a body and appends it to a plain file; who comes first
 * writes for all that wait and makes it durable with one fdatasync. With `decode`, each
 * body's events are decoded before, as the server must; with `apply`, they are applied to a floor
 * besides, body by body, once they are durable (no bound any more: the server overlaps these
 * steps, this does not); without, nothing looks at them. It knows no credentials, no ids that
 * came before and no journal.
 *
 *   least_ingest FILE [decode|apply]
 *
 * Listens on a free port of 127.0.0.1, prints it, and answers until it is ended. */
#include "base/arena.h"
#include "base/instant.h"
#include "base/limits.h"
#include "client.h"
#include "event/decode.h"
#include "floor/floor.h"
#include "journal/file_archive.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define HEAD_MAX 4096

/* The bodies that wait for the disk; the round of writing that is to be waited for. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t written = PTHREAD_COND_INITIALIZER;
static struct iovec waiting[CONNECTIONS_MAX];
static int waiting_count;
static unsigned long forming = 1, done; /* rounds */
static bool writing, decodes;
static int file;

/* A floor has one writer. NULL: none is kept. */
static pthread_mutex_t floor_lock = PTHREAD_MUTEX_INITIALIZER;
static struct floor *the_floor;

static void write_all(struct iovec *parts, int count)
{
    size_t left = 0;
    for (int i = 0; i < count; i++)
        left += parts[i].iov_len;
    if (writev(file, parts, count) != (ssize_t)left || fdatasync(file) != 0)
        client_fail("a write failed");
}

/* Returns when the body is durable. */
static void keep(struct span body)
{
    pthread_mutex_lock(&lock);
    waiting[waiting_count++] = (struct iovec){(void *)(size_t)body.data, body.len};
    unsigned long round = forming;
    while (done < round) {
        if (writing) {
            pthread_cond_wait(&written, &lock);
            continue;
        }
        struct iovec parts[CONNECTIONS_MAX];
        int count = waiting_count;
        memcpy(parts, waiting, (size_t)count * sizeof *parts);
        waiting_count = 0;
        forming++;
        writing = true;
        pthread_mutex_unlock(&lock);
        write_all(parts, count);
        pthread_mutex_lock(&lock);
        writing = false;
        done++;
        pthread_cond_broadcast(&written);
    }
    pthread_mutex_unlock(&lock);
}

/* One request: its head and all of its body. */
struct request {
    char *bytes; /* HEAD_MAX + LIMIT_BODY_BYTES + DECODE_PADDING */
    struct span body;
};

/* False when the connection ended. The client sends its next request after the answer. */
static bool receive(int fd, struct request *r)
{
    size_t got = 0;
    for (const char *end = NULL;;) {
        ssize_t more = recv(fd, r->bytes + got, HEAD_MAX + LIMIT_BODY_BYTES - got, 0);
        if (more <= 0)
            return false;
        got += (size_t)more;
        if (end == NULL) {
            r->bytes[got] = '\0';
            const char *length = strstr(r->bytes, "Content-Length: ");
            end = strstr(r->bytes, "\r\n\r\n");
            if (end == NULL || length == NULL)
                continue;
            r->body =
                (struct span){end + 4, strtoul(length + strlen("Content-Length: "), NULL, 10)};
            if (r->body.len > LIMIT_BODY_BYTES)
                client_fail("the body is too long");
        }
        if (got >= (size_t)(r->body.data - r->bytes) + r->body.len)
            return true;
    }
}

/* Of each connection. */
struct reader {
    struct decoder *decoder;
    struct arena *arena;
    struct decoded_batch batch; /* of the body, until the arena's reset */
};

static void decode(struct reader *r, struct span body)
{
    const struct decode_context context = {.has_site = true,
                                           .site_id = 1,
                                           .oldest_us = INT64_MIN,
                                           .newest_us = INT64_MAX,
                                           .body_stays = true};
    struct problem problem;
    arena_reset(r->arena);
    if (decode_body(r->decoder, BODY_NDJSON, body, &context, r->arena, &r->batch, &problem) != 0 ||
        r->batch.refused_count > 0)
        client_fail("these are not events");
}

static void apply(const struct decoded_batch *batch)
{
    pthread_mutex_lock(&floor_lock);
    for (size_t i = 0; i < batch->event_count; i++)
        floor_apply(the_floor, &batch->events[i].event, INT64_MAX / 4);
    pthread_mutex_unlock(&floor_lock);
}

static void make_floor(const char *directory)
{
    static struct floor_settings settings = {.site_id = 1,
                                             .visitor_timeout_us = 120 * US_PER_SECOND};
    struct problem problem;
    if (file_archive_open(directory, &settings.archive, &problem) < 0)
        client_fail(problem.message);
    the_floor = floor_new(&settings);
}

static void *serve(void *data)
{
    static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"rejected\":[]}";
    int on = 1, fd = (int)(intptr_t)data;
    struct request r = {.bytes = malloc(HEAD_MAX + LIMIT_BODY_BYTES + DECODE_PADDING)};
    struct reader reader = {.decoder = decoder_new(), .arena = arena_new()};
    if (r.bytes == NULL || reader.decoder == NULL || reader.arena == NULL)
        client_fail("no memory");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    while (receive(fd, &r)) {
        if (decodes)
            decode(&reader, r.body);
        keep(r.body);
        if (the_floor != NULL)
            apply(&reader.batch);
        if (send(fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL) != (ssize_t)(sizeof ANSWER - 1))
            break;
    }
    close(fd);
    free(r.bytes);
    decoder_free(reader.decoder);
    arena_free(reader.arena);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        client_fail("FILE [decode|apply]");
    decodes = argc > 2;
    if (decodes && strcmp(argv[2], "apply") == 0)
        make_floor("/tmp");
    file = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0)
        client_fail("the file cannot be written");
    for (int listener = client_listen(CONNECTIONS_MAX);;) {
        pthread_t thread;
        int fd = accept(listener, NULL, NULL);
        if (fd < 0 || pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) != 0)
            client_fail("no connection or no thread");
        pthread_detach(thread);
    }
}
