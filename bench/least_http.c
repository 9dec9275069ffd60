/* The least that an HTTP server can do, as a bound for what one worker can reach: one epoll
 * loop that waits for the end of a request's head and writes prepared bytes. It parses nothing,
 * checks nothing and keeps no time.
 *
 *   least_http ANSWER_FILE
 *
 * Listens on a free port of 127.0.0.1, prints it, and answers until it is ended. */
#include "client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 1024
#define BACKLOG 4096

static void watch(int epoll, int fd)
{
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) != 0)
        client_fail("cannot watch a connection");
}

static void take(int epoll, int listener)
{
    int on = 1, fd = accept(listener, NULL, NULL);
    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(epoll, fd);
}

/* A request of wrk comes in one piece. */
static void answer(int fd, struct span bytes)
{
    char request[4096];
    ssize_t got = recv(fd, request, sizeof request, 0);
    if (got < 4 || memcmp(request + got - 4, "\r\n\r\n", 4) != 0 ||
        send(fd, bytes.data, bytes.len, MSG_NOSIGNAL) != (ssize_t)bytes.len)
        close(fd);
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS];
    if (argc != 2)
        client_fail("ANSWER_FILE");
    struct span bytes = client_file(argv[1]);
    int listener = client_listen(BACKLOG), epoll = epoll_create1(0);
    if (epoll < 0)
        client_fail("no epoll");
    watch(epoll, listener);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++)
            if (events[i].data.fd == listener)
                take(epoll, listener);
            else
                answer(events[i].data.fd, bytes);
    }
}
