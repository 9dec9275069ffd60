/* Posts the lines of a file as events, some to a request, over several connections, each
 * with one request under way.
 *
 *   post PORT TOKEN FILE LINES_PER_REQUEST CONNECTIONS [EVENTS_PER_SECOND]
 *
 * Prints one line of JSON: acknowledged events in a second, and the time of a request. */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256

struct connection {
    int fd;
    bool busy;
    struct iovec left[2]; /* what of head and body is not sent yet */
    char head[512];
    char answer[4096];
    size_t answer_len;
    unsigned long lines;
    double began;
};

static const char *at, *end, *token;
static unsigned long per_request, acknowledged;
static double *times;
static size_t time_count;

static void send_on(struct connection *c)
{
    while (c->left[0].iov_len + c->left[1].iov_len > 0) {
        ssize_t sent = writev(c->fd, c->left, 2);
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent < 0)
            client_fail("the server closed the connection");
        for (int i = 0; i < 2; i++) {
            size_t part = (size_t)sent < c->left[i].iov_len ? (size_t)sent : c->left[i].iov_len;
            c->left[i].iov_base = (char *)c->left[i].iov_base + part;
            c->left[i].iov_len -= part;
            sent -= (ssize_t)part;
        }
    }
}

static void begin(struct connection *c)
{
    const char *body = at;
    for (c->lines = 0; c->lines < per_request && at < end; c->lines++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline != NULL ? newline + 1 : end;
    }
    int len = snprintf(c->head, sizeof c->head,
                       "POST /v4/livechat/events?import=true HTTP/1.1\r\nHost: bench\r\n"
                       "Authorization: Bearer %s\r\nContent-Type: application/x-ndjson\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       token, (size_t)(at - body));
    c->left[0] = (struct iovec){c->head, (size_t)len};
    c->left[1] = (struct iovec){(char *)(size_t)body, (size_t)(at - body)};
    c->answer_len = 0;
    c->busy = true;
    c->began = client_seconds();
    send_on(c);
}

static void receive(struct connection *c)
{
    ssize_t got = read(c->fd, c->answer + c->answer_len, sizeof c->answer - 1 - c->answer_len);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0)
        client_fail("the server closed the connection");
    c->answer_len += (size_t)got;
    c->answer[c->answer_len] = '\0';
    const char *body = strstr(c->answer, "\r\n\r\n"),
               *length = strstr(c->answer, "Content-Length: ");
    if (body == NULL || length == NULL ||
        strlen(body + 4) < strtoul(length + strlen("Content-Length: "), NULL, 10))
        return;
    if (strncmp(c->answer, "HTTP/1.1 200", 12) != 0 || strstr(body, "\"rejected\":[]") == NULL)
        client_fail(c->answer);
    acknowledged += c->lines;
    times[time_count++] = (client_seconds() - c->began) * 1e6;
    c->busy = false;
}

int main(int argc, char **argv)
{
    static struct connection connections[CONNECTIONS_MAX];
    struct pollfd polls[CONNECTIONS_MAX];
    if (argc < 6)
        client_fail("PORT TOKEN FILE LINES_PER_REQUEST CONNECTIONS [EVENTS_PER_SECOND]");
    token = argv[2];
    per_request = strtoul(argv[4], NULL, 10);
    unsigned long count = strtoul(argv[5], NULL, 10), sent = 0;
    double rate = argc > 6 ? strtod(argv[6], NULL) : 0;
    if (per_request == 0 || count == 0 || count > CONNECTIONS_MAX)
        client_fail("no such number of lines or connections");
    struct span file = client_file(argv[3]);
    at = file.data;
    end = at + file.len;
    times = malloc((file.len / 32 + 1) * sizeof *times);
    if (times == NULL)
        client_fail("no memory");
    for (unsigned long i = 0; i < count; i++)
        connections[i].fd = client_connect(argv[1]);
    double began = client_seconds(), heard = began;
    for (;;) {
        unsigned long under_way = 0;
        size_t answers = time_count;
        for (unsigned long i = 0; i < count; i++) {
            struct connection *c = &connections[i];
            bool due = rate <= 0 || (double)sent <= rate * (client_seconds() - began);
            if (!c->busy && at < end && due) {
                begin(c);
                sent += c->lines;
            }
            under_way += c->busy;
            bool more = c->left[0].iov_len + c->left[1].iov_len > 0;
            polls[i] = (struct pollfd){.fd = c->busy ? c->fd : -1,
                                       .events = (short)(POLLIN | (more ? POLLOUT : 0))};
        }
        if (under_way == 0 && at == end)
            break;
        poll(polls, count, rate > 0 ? 1 : CLIENT_SILENCE_MS);
        for (unsigned long i = 0; i < count; i++) {
            if (polls[i].revents & POLLOUT)
                send_on(&connections[i]);
            if (polls[i].revents & (POLLIN | POLLERR | POLLHUP))
                receive(&connections[i]);
        }
        if (time_count > answers || under_way == 0)
            heard = client_seconds();
        else if (client_seconds() - heard > CLIENT_SILENCE_MS / 1000)
            client_fail("no answer");
    }
    double took = client_seconds() - began;
    qsort(times, time_count, sizeof *times, client_by_double);
    printf("{\"events\": %lu, \"requests\": %zu, \"events_per_s\": %.0f, \"seconds\": %.3f, "
           "\"request_p50_us\": %.0f, \"request_p99_us\": %.0f}\n",
           acknowledged, time_count, (double)acknowledged / took, took, times[time_count / 2],
           times[time_count * 99 / 100]);
    return 0;
}
