/* One worker: a thread, its loop, its listener, its connections. */
#ifndef LIVEFLOOR_HTTP_WORKER_H
#define LIVEFLOOR_HTTP_WORKER_H

#include "http/connection.h"
#include "http/kept.h"
#include "http/turn.h"

#include <pthread.h>

#define READ_BYTES 65536u

struct http_worker {
    struct http_server *server;
    unsigned index;
    pthread_t thread;
    bool started;
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_timer_t tick;
    uv_async_t wake;
    uv_prepare_t before_wait; /* all that came in has been looked at */
    uv_check_t after_read;    /* all that came in has been read: */
    struct turn turn;
    struct kept kept;
    struct http_exchange *connections; /* list */
    size_t connection_count;
    bool had_turn;                   /* since it last waited */
    unsigned look_score, not_looked; /* worker.c */
    bool listener_closed, draining, stopped, accept_waits;
    uint64_t drain_until_ms;
    char read_buffer[READ_BYTES];
    char date[40];
    int64_t date_s;

    pthread_mutex_t lock;          /* of what other threads hand over: */
    struct http_exchange *resumed; /* list */
    bool stop_asked;
    unsigned stop_deadline_ms;
};

struct http_server {
    struct http_settings settings;
    char *host;
    uint16_t port;
    unsigned worker_count;
    struct http_worker *workers;
};

/* Prepares a worker that listens on a bound socket; 0 or a libuv error. */
int worker_init(struct http_worker *w, struct http_server *server, unsigned index, int fd);

/* Starts its thread. 0 or -1. */
int worker_start(struct http_worker *w);

/* Asks it to drain and end; from any thread. */
void worker_ask_stop(struct http_worker *w, unsigned deadline_ms);

/* Waits for its end and frees what it has. */
void worker_join(struct http_worker *w);

/* The Date field's value now. */
const char *worker_date(struct http_worker *w);

/* Its second. */
int64_t worker_second(struct http_worker *w);

/* A connection is gone: room for another. */
void worker_removed(struct http_worker *w);

#endif
