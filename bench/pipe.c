/* Sends a prepared file of Redis commands over some connections, in windows of so many
 * commands; a connection sends its next window when the answers to its last are in.
 *
 *   pipe PORT FILE COMMANDS_PER_WINDOW CONNECTIONS
 *
 * Prints one line of JSON: answered commands in a second. Every command must have an answer
 * of one line; an error ends the program. */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64

struct connection {
    int fd;
    struct span left;      /* of its window */
    unsigned long waiting; /* answers */
    bool line_begins;
};

static const char *at, *end;
static unsigned long per_window, answered;

/* Behind a number of the protocol and its line end. */
static unsigned long number(const char **text)
{
    char *after;
    unsigned long n = strtoul(*text + 1, &after, 10);
    *text = after + 2;
    return n;
}

/* Cuts the next window off the file. */
static void begin(struct connection *c)
{
    c->left.data = at;
    for (c->waiting = 0; c->waiting < per_window && at < end; c->waiting++) {
        if (*at != '*')
            client_fail("the file holds something else than commands");
        for (unsigned long words = number(&at); words > 0; words--) {
            unsigned long len = number(&at);
            at += len + 2;
        }
    }
    c->left.len = (size_t)(at - c->left.data);
    c->line_begins = true;
}

static void send_on(struct connection *c)
{
    ssize_t sent = send(c->fd, c->left.data, c->left.len, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN)
        return;
    if (sent < 0)
        client_fail("the server closed the connection");
    c->left.data += sent;
    c->left.len -= (size_t)sent;
}

static void receive(struct connection *c)
{
    char bytes[16384];
    ssize_t got = read(c->fd, bytes, sizeof bytes);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0)
        client_fail("the server closed the connection");
    for (ssize_t i = 0; i < got; i++) {
        if (c->line_begins && bytes[i] == '-')
            client_fail("the server answered with an error");
        c->line_begins = bytes[i] == '\n';
        if (c->line_begins) {
            c->waiting--;
            answered++;
        }
    }
}

int main(int argc, char **argv)
{
    static struct connection connections[CONNECTIONS_MAX];
    struct pollfd polls[CONNECTIONS_MAX];
    if (argc != 5)
        client_fail("PORT FILE COMMANDS_PER_WINDOW CONNECTIONS");
    struct span file = client_file(argv[2]);
    at = file.data;
    end = at + file.len;
    per_window = strtoul(argv[3], NULL, 10);
    unsigned long count = strtoul(argv[4], NULL, 10);
    if (per_window == 0 || count == 0 || count > CONNECTIONS_MAX)
        client_fail("no such number of commands or connections");
    for (unsigned long i = 0; i < count; i++)
        connections[i].fd = client_connect(argv[1]);
    double began = client_seconds();
    for (;;) {
        unsigned long under_way = 0;
        for (unsigned long i = 0; i < count; i++) {
            struct connection *c = &connections[i];
            if (c->waiting == 0 && at < end) {
                begin(c);
                send_on(c);
            }
            under_way += c->waiting > 0;
            polls[i] = (struct pollfd){.fd = c->waiting > 0 ? c->fd : -1,
                                       .events = (short)(POLLIN | (c->left.len > 0 ? POLLOUT : 0))};
        }
        if (under_way == 0)
            break;
        if (poll(polls, count, CLIENT_SILENCE_MS) <= 0)
            client_fail("no answer");
        for (unsigned long i = 0; i < count; i++) {
            if (polls[i].revents & POLLOUT)
                send_on(&connections[i]);
            if (polls[i].revents & (POLLIN | POLLERR | POLLHUP))
                receive(&connections[i]);
        }
    }
    double took = client_seconds() - began;
    printf("{\"commands\": %lu, \"commands_per_s\": %.0f, \"seconds\": %.3f}\n", answered,
           (double)answered / took, took);
    return 0;
}
