#include "http/worker.h"

#include "base/thread.h"

#include <poll.h>
#include <stdlib.h>
#include <time.h>

const char *worker_date(struct http_worker *w)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != w->date_s) {
        struct tm tm;
        gmtime_r(&now.tv_sec, &tm);
        strftime(w->date, sizeof w->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        w->date_s = now.tv_sec;
    }
    return w->date;
}

int64_t worker_second(struct http_worker *w)
{
    worker_date(w);
    return w->date_s;
}

static size_t most_connections(const struct http_worker *w)
{
    size_t most = w->server->settings.max_connections;
    return most != 0 ? most : LIMIT_CONNECTIONS;
}

static void on_handle_closed(uv_handle_t *handle)
{
    (void)handle;
}

/* The loop ends when nothing is left open. */
static void finish_if_empty(struct http_worker *w)
{
    if (!w->draining || w->connections != NULL || w->stopped)
        return;
    w->stopped = true;
    uv_close((uv_handle_t *)&w->tick, on_handle_closed);
    uv_close((uv_handle_t *)&w->wake, on_handle_closed);
    uv_close((uv_handle_t *)&w->after_read, on_handle_closed);
    uv_close((uv_handle_t *)&w->before_wait, on_handle_closed);
}

void worker_removed(struct http_worker *w)
{
    w->connection_count--;
    if (w->accept_waits && !w->draining) {
        w->accept_waits = false;
        connection_accept(w, (uv_stream_t *)&w->listener);
    }
    finish_if_empty(w);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct http_worker *w = listener->data;
    if (status < 0 || w->draining)
        return;
    if (w->connection_count >= most_connections(w))
        w->accept_waits = true; /* the system's queue holds it until one goes */
    else
        connection_accept(w, listener);
}

static void on_tick(uv_timer_t *timer)
{
    struct http_worker *w = timer->data;
    uint64_t now = uv_now(&w->loop);
    for (struct http_exchange *x = w->connections, *next; x != NULL; x = next) {
        next = x->next;
        if (w->draining && now >= w->drain_until_ms)
            connection_close(x);
        else
            connection_check_time(x, now);
    }
}

static void on_after_read(uv_check_t *check)
{
    struct http_worker *w = check->data;
    w->had_turn = w->turn.ready_count > 0;
    if (w->had_turn)
        turn_run(w);
}

/* How often it is looked before waiting, some 6 microseconds in all. */
#define LOOKS 20u
/* Nine looks in ten must find something, or it is only tried now and then whether they would. */
#define LOOK_MISS 9u
#define LOOK_MOST 64u
#define LOOK_AGAIN 64u

/* Under load the next requests are mostly a few microseconds away: to look a little longer costs
 * less than to sleep and be woken, which the one who asks pays for as well. Where it mostly finds
 * nothing, with few requests or where others want this core, it is not done. */
static void look_a_little_longer(struct http_worker *w)
{
    struct pollfd fd = {.fd = uv_backend_fd(&w->loop), .events = POLLIN};
    if (!w->had_turn || (w->look_score == 0 && ++w->not_looked % LOOK_AGAIN != 0))
        return;
    for (unsigned i = 0; i < LOOKS; i++)
        if (poll(&fd, 1, 0) != 0) {
            w->look_score += w->look_score < LOOK_MOST;
            return;
        }
    w->look_score -= w->look_score < LOOK_MISS ? w->look_score : LOOK_MISS;
}

static void on_before_wait(uv_prepare_t *prepare)
{
    struct http_worker *w = prepare->data;
    const struct http_handlers *h = &w->server->settings.handlers;
    if (h->on_turn_end != NULL)
        h->on_turn_end(h->data);
    look_a_little_longer(w);
}

static void begin_drain(struct http_worker *w, unsigned deadline_ms)
{
    w->draining = true;
    w->drain_until_ms = uv_now(&w->loop) + deadline_ms;
    uv_close((uv_handle_t *)&w->listener, on_handle_closed);
    for (struct http_exchange *x = w->connections, *next; x != NULL; x = next) {
        next = x->next;
        connection_drain(x);
    }
    finish_if_empty(w);
}

static void on_wake(uv_async_t *async)
{
    struct http_worker *w = async->data;
    pthread_mutex_lock(&w->lock);
    struct http_exchange *resumed = w->resumed;
    bool stop = w->stop_asked;
    unsigned deadline = w->stop_deadline_ms;
    w->resumed = NULL;
    pthread_mutex_unlock(&w->lock);
    while (resumed != NULL) {
        struct http_exchange *x = resumed;
        resumed = x->resume_next;
        connection_resumed(x);
    }
    if (stop && !w->draining)
        begin_drain(w, deadline);
}

void http_resume(struct http_exchange *x, void (*then)(struct http_exchange *x, void *arg),
                 void *arg)
{
    struct http_resumes one = {NULL};
    http_resumes_add(&one, x, then, arg);
    http_resume_all(&one);
}

void http_resumes_add(struct http_resumes *list, struct http_exchange *x,
                      void (*then)(struct http_exchange *x, void *arg), void *arg)
{
    x->then = then;
    x->then_arg = arg;
    x->resume_next = list->first;
    list->first = x;
}

/* Takes those of a worker off the list; *last is the last of them. */
static struct http_exchange *take_of_worker(struct http_resumes *list, const struct http_worker *w,
                                            struct http_exchange **last)
{
    struct http_exchange *taken = NULL, **end = &taken, **left = &list->first;
    for (struct http_exchange *x = list->first; x != NULL; x = x->resume_next) {
        if (x->worker == w) {
            *end = *last = x;
            end = &x->resume_next;
        } else {
            *left = x;
            left = &x->resume_next;
        }
    }
    *end = *left = NULL;
    return taken;
}

void http_resume_all(struct http_resumes *list)
{
    while (list->first != NULL) {
        struct http_worker *w = list->first->worker;
        struct http_exchange *last = NULL, *first = take_of_worker(list, w, &last);
        pthread_mutex_lock(&w->lock);
        last->resume_next = w->resumed;
        w->resumed = first;
        /* Under the lock: the worker cannot have gone before the signal. */
        uv_async_send(&w->wake);
        pthread_mutex_unlock(&w->lock);
    }
}

void http_defer(struct http_exchange *x)
{
    x->deferred = true;
}

static void *worker_run(void *data)
{
    struct http_worker *w = data;
    thread_wants_short_turns();
    uv_run(&w->loop, UV_RUN_DEFAULT);
    return NULL;
}

/* How often time-outs are looked at: a quarter of the shortest one. */
static uint64_t tick_ms(const struct http_settings *s)
{
    unsigned shortest = 1000;
    const unsigned times[] = {s->head_ms, s->idle_ms, s->body_grace_ms, s->write_stall_ms};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        if (times[i] != 0 && times[i] < shortest)
            shortest = times[i];
    return shortest / 4 > 0 ? shortest / 4 : 1;
}

int worker_init(struct http_worker *w, struct http_server *server, unsigned index, int fd)
{
    w->server = server;
    w->index = index;
    pthread_mutex_init(&w->lock, NULL);
    if (uv_loop_init(&w->loop) != 0)
        return -1;
    uv_tcp_init(&w->loop, &w->listener);
    uv_timer_init(&w->loop, &w->tick);
    uv_async_init(&w->loop, &w->wake, on_wake);
    uv_check_init(&w->loop, &w->after_read);
    uv_check_start(&w->after_read, on_after_read);
    uv_prepare_init(&w->loop, &w->before_wait);
    uv_prepare_start(&w->before_wait, on_before_wait);
    w->listener.data = w->tick.data = w->wake.data = w;
    w->after_read.data = w->before_wait.data = w;
    if (uv_tcp_open(&w->listener, fd) != 0)
        return -1;
    int error = uv_listen((uv_stream_t *)&w->listener, 4096, on_connection);
    if (error != 0)
        return error;
    uv_timer_start(&w->tick, on_tick, tick_ms(&server->settings), tick_ms(&server->settings));
    return 0;
}

int worker_start(struct http_worker *w)
{
    if (pthread_create(&w->thread, NULL, worker_run, w) != 0)
        return -1;
    w->started = true;
    return 0;
}

void worker_ask_stop(struct http_worker *w, unsigned deadline_ms)
{
    pthread_mutex_lock(&w->lock);
    w->stop_asked = true;
    w->stop_deadline_ms = deadline_ms;
    uv_async_send(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

void worker_join(struct http_worker *w)
{
    if (w->started)
        pthread_join(w->thread, NULL);
    else
        uv_run(&w->loop, UV_RUN_DEFAULT); /* closes what was opened */
    uv_loop_close(&w->loop);
    turn_free(&w->turn);
    kept_free(&w->kept);
    pthread_mutex_destroy(&w->lock);
}
