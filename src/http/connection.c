#include "http/connection.h"

#include "http/worker.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

/* An answer this large goes out before the next pipelined request is looked at. */
#define OUT_FLUSH (256u << 10)
/* After the last answer: so much longer and so many bytes are thrown away. */
#define LINGER_MS 2000u
#define LINGER_BYTES (16u << 20)
/* Framing may take so many bytes besides the body's own. */
#define FRAMING_BYTES (64u << 10)

static uint64_t now_ms(const struct http_exchange *x)
{
    return uv_now(&x->worker->loop);
}

void connection_phase(struct http_exchange *x, enum phase phase)
{
    x->phase = phase;
    x->since_ms = now_ms(x);
}

/* --- the end of a connection --- */

static void free_if_done(struct http_exchange *x)
{
    if (!x->closed || x->deferred || x->processing)
        return;
    struct http_worker *w = x->worker;
    buffer_free(&x->in);
    buffer_free(&x->head_bytes);
    buffer_free(&x->body);
    buffer_free(&x->out);
    buffer_free(&x->sending);
    if (x->previous != NULL)
        x->previous->next = x->next;
    else
        w->connections = x->next;
    if (x->next != NULL)
        x->next->previous = x->previous;
    free(x);
    worker_removed(w);
}

static void on_closed(uv_handle_t *handle)
{
    struct http_exchange *x = handle->data;
    x->closed = true;
    free_if_done(x);
}

void connection_close(struct http_exchange *x)
{
    if (x->closing)
        return;
    x->closing = true;
    uv_close((uv_handle_t *)&x->tcp, on_closed);
}

static bool last_answer_given(const struct http_exchange *x)
{
    return x->answered && !x->keep_alive && x->phase != PHASE_LINGER;
}

/* --- reading --- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct http_exchange *x = handle->data;
    (void)suggested;
    *buf = uv_buf_init(x->worker->read_buffer, READ_BYTES);
}

static void read_off(struct http_exchange *x);

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct http_exchange *x = stream->data;
    if (count == 0)
        return;
    /* Nobody waits longer than for one turn, nor holds more than one buffer of it. */
    if (x->ready)
        turn_run(x->worker);
    if (x->closing)
        return;
    if (count == UV_EOF && x->phase == PHASE_ANSWER && !x->answered) {
        read_off(x); /* it still wants its answer; the end is read again after that */
        return;
    }
    if (count < 0) {
        connection_close(x);
        return;
    }
    if (x->phase == PHASE_LINGER) {
        x->body_raw += (uint64_t)count;
        if (x->body_raw > LINGER_BYTES)
            connection_close(x);
        return;
    }
    if (x->phase == PHASE_HEAD && x->in.len == x->in_at)
        x->since_ms = now_ms(x); /* the head begins */
    if (x->in_at > 0) {          /* what is left moves to the front */
        x->in.len -= x->in_at;
        memmove(x->in.data, x->in.data + x->in_at, x->in.len);
        x->in_at = 0;
    }
    buffer_append(&x->in, buf->base, (size_t)count);
    if (x->in.failed)
        connection_close(x);
    else
        turn_add(x->worker, x);
}

void connection_read_on(struct http_exchange *x)
{
    if (x->reading || x->closing)
        return;
    x->reading = true;
    if (uv_read_start((uv_stream_t *)&x->tcp, on_alloc, on_read) != 0)
        connection_close(x);
}

static void read_off(struct http_exchange *x)
{
    if (!x->reading || x->closing)
        return;
    x->reading = false;
    uv_read_stop((uv_stream_t *)&x->tcp);
}

/* --- llhttp --- */

static int parser_headers(llhttp_t *p)
{
    p->upgrade = 0; /* offers of other protocols are not taken up */
    return 0;
}

static int parser_body(llhttp_t *p, const char *at, size_t length)
{
    struct http_exchange *x = p->data;
    if (x->body.len + length > x->welcome) {
        x->too_large = true;
        return HPE_USER;
    }
    buffer_append(&x->body, at, length);
    return x->body.failed ? HPE_USER : 0;
}

static int parser_whole(llhttp_t *p)
{
    struct http_exchange *x = p->data;
    x->whole = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t PARSER_SETTINGS = {
    .on_headers_complete = parser_headers,
    .on_body = parser_body,
    .on_message_complete = parser_whole,
};

/* Feeds bytes; returns how many were taken, or -1 after a refusal. */
static long parser_feed(struct http_exchange *x, const char *data, size_t length)
{
    llhttp_errno_t error = llhttp_execute(&x->parser, data, length);
    if (error == HPE_OK)
        return (long)length;
    if (error == HPE_PAUSED && x->whole)
        return llhttp_get_error_pos(&x->parser) - data;
    if (x->too_large)
        connection_refuse(x, PROBLEM_TOO_LARGE,
                          "The body is larger than this server takes: send less at a time.");
    else if (x->body.failed)
        connection_refuse(x, PROBLEM_BUSY, "There is no memory for this body now.");
    else
        connection_refuse(x, PROBLEM_BAD_REQUEST, "The request is malformed.");
    return -1;
}

/* --- from request to request --- */

static void consumed(struct http_exchange *x, size_t count)
{
    x->in_at += count;
    x->in_seen = 0;
    if (x->in_at == x->in.len) {
        buffer_reset(&x->in);
        x->in_at = 0;
    }
}

/* The bytes of the head move out of the way of what comes behind them. */
static bool head_take(struct http_exchange *x, size_t length)
{
    x->head_stands = false;
    buffer_reset(&x->head_bytes);
    buffer_append(&x->head_bytes, x->in.data + x->in_at, length);
    if (x->head_bytes.failed) {
        connection_close(x);
        return false;
    }
    consumed(x, length);
    return true;
}

/* Reads the head at hand and tells llhttp of it. */
static bool head_read(struct http_exchange *x)
{
    const char *why;
    struct span bytes = buffer_span(&x->head_bytes);
    int code = head_gate_read(bytes, &x->head, &why);
    if (code != 0) {
        connection_refuse(x, code, why);
        return false;
    }
    llhttp_init(&x->parser, HTTP_REQUEST, &PARSER_SETTINGS);
    x->parser.data = x;
    llhttp_errno_t error = llhttp_execute(&x->parser, bytes.data, bytes.len);
    if (error == HPE_INVALID_METHOD) {
        connection_refuse(x, PROBLEM_NOT_IMPLEMENTED, "This method is not known.");
        return false;
    }
    if (error != HPE_OK && !(error == HPE_PAUSED && x->whole)) {
        connection_refuse(x, PROBLEM_BAD_REQUEST, "The request is malformed.");
        return false;
    }
    x->keep_alive = llhttp_should_keep_alive(&x->parser) != 0;
    x->head_stands = x->whole && x->keep_alive;
    x->head_hash = turn_hash(bytes);
    return true;
}

static void head_begin(struct http_exchange *x)
{
    x->answered = x->whole = x->too_large = x->repeatable = x->lasting = false;
    x->keep_alive = true;
    x->body_raw = 0;
    x->user = NULL;
    x->welcome = 0;
    buffer_reset(&x->body);
}

/* Whoever keeps a connection mostly asks the same again, byte for byte: what was read
 * of such a head stands. False when it is another, or not whole. */
static bool head_again(struct http_exchange *x, size_t left)
{
    size_t length = x->head_bytes.len;
    if (!x->head_stands || x->in_seen != 0 || left < length ||
        memcmp(x->in.data + x->in_at, x->head_bytes.data, length) != 0)
        return false;
    consumed(x, length);
    head_begin(x);
    x->whole = true;
    x->head.request.body = (struct span){NULL, 0};
    return true;
}

/* An answer that was made before and may be given now; its bytes are the worker's. */
struct given {
    struct span bytes;
    int status;
    void *user;
};

/* One of an earlier turn that would be made the same: as good as made now, and remembered for the
 * others of this turn. */
static bool find_kept(struct http_exchange *x, struct given *out)
{
    struct http_worker *w = x->worker;
    const struct http_handlers *h = &w->server->settings.handlers;
    struct span head = buffer_span(&x->head_bytes);
    if (h->holds == NULL)
        return false;
    const struct kept_answer *a = kept_find(&w->kept, head, x->head_hash, worker_second(w));
    if (a == NULL || !h->holds(a->proof, h->data))
        return false;
    *out = (struct given){kept_bytes(a), a->status, a->user};
    turn_made(&w->turn);
    if (w->turn.ready_count > 1)
        turn_keep(&w->turn, head, x->head_hash, out->bytes, a->status, a->user);
    return true;
}

/* One that this turn has already made for the same head, or one that still holds. */
static bool find_given(struct http_exchange *x, struct given *out)
{
    struct turn *t = &x->worker->turn;
    const struct turn_answer *a = turn_find(t, buffer_span(&x->head_bytes), x->head_hash);
    if (a == NULL)
        return find_kept(x, out);
    *out = (struct given){turn_bytes(t, a), a->status, a->user};
    return true;
}

/* Gives an answer that need not be made again, if there is one. */
static bool answer_again(struct http_exchange *x)
{
    const struct http_handlers *h = &x->worker->server->settings.handlers;
    struct given given;
    if (!x->head_stands || x->worker->draining || !find_given(x, &given))
        return false;
    struct span bytes = given.bytes;
    x->user = given.user;
    x->phase = PHASE_ANSWER;
    x->answered = true;
    if (h->on_repeat != NULL)
        h->on_repeat(x, given.status, h->data);
    if (x->out.len == 0 && x->in.len == x->in_at) { /* it need not be copied first */
        size_t sent = connection_send(x, bytes);
        bytes = (struct span){bytes.data + sent, bytes.len - sent};
    }
    buffer_append_span(&x->out, bytes);
    if (x->out.failed)
        connection_close(x); /* no memory to answer */
    return true;
}

/* Asks the handler how much body is welcome. */
static void head_decide(struct http_exchange *x)
{
    const struct http_handlers *h = &x->worker->server->settings.handlers;
    if (answer_again(x))
        return;
    bool body_comes = !x->whole, keep_alive = x->keep_alive;
    x->phase = PHASE_ANSWER;
    /* An answer given now says that the body, which nobody reads, ends the connection. */
    x->keep_alive = keep_alive && !body_comes;
    x->welcome = h->on_head != NULL ? h->on_head(x, h->data) : 0;
    if (x->answered)
        return;
    x->keep_alive = keep_alive;
    if (body_comes && (x->welcome == 0 || x->head.content_length > x->welcome)) {
        connection_refuse(x, PROBLEM_TOO_LARGE,
                          x->welcome == 0
                              ? "This request must not have a body."
                              : "The body is larger than this server takes: send less at a time.");
        return;
    }
    connection_phase(x, PHASE_BODY);
    if (body_comes && x->head.expects_continue && x->in.len == x->in_at)
        buffer_append_text(&x->out, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void take_head(struct http_exchange *x, bool *more)
{
    size_t length = 0, left = x->in.len - x->in_at;
    /* An empty line before a request is forgiven (RFC 9112, 2.2). */
    if (left >= 2 && x->in_seen == 0 && memcmp(x->in.data + x->in_at, "\r\n", 2) == 0) {
        consumed(x, 2);
        *more = x->in.len > x->in_at;
        return;
    }
    *more = false;
    if (left == 0)
        return;
    if (head_again(x, left)) {
        head_decide(x);
        *more = true;
        return;
    }
    enum head_progress progress =
        head_find_end((struct span){x->in.data + x->in_at, left}, &x->in_seen, &length);
    if (progress == HEAD_BAD) {
        connection_refuse(x, PROBLEM_BAD_REQUEST,
                          "Header lines must end with CR LF and hold no NUL.");
    } else if ((progress == HEAD_MORE ? left : length) > LIMIT_HEAD_BYTES) {
        connection_refuse(x, PROBLEM_HEAD_TOO_LARGE, "The request's head is too large.");
    } else if (progress == HEAD_WHOLE && head_take(x, length)) {
        head_begin(x);
        if (!head_read(x))
            return;
        head_decide(x);
        *more = true;
    }
}

static void take_body(struct http_exchange *x, bool *more)
{
    *more = false;
    size_t left = x->in.len - x->in_at;
    if (!x->whole && left > 0) {
        long taken = parser_feed(x, x->in.data + x->in_at, left);
        if (taken < 0)
            return;
        x->body_raw += (uint64_t)taken;
        consumed(x, (size_t)taken);
        if (x->body_raw > x->body.len * 16 + FRAMING_BYTES) {
            connection_refuse(x, PROBLEM_BAD_REQUEST, "The body's chunks are mostly framing.");
            return;
        }
    }
    if (!x->whole)
        return;
    const struct http_handlers *h = &x->worker->server->settings.handlers;
    char *padding = buffer_reserve(&x->body, 64);
    if (padding == NULL) {
        connection_refuse(x, PROBLEM_BUSY, "There is no memory for this body now.");
        return;
    }
    memset(padding, 0, 64);
    x->head.request.body = buffer_span(&x->body);
    connection_phase(x, PHASE_ANSWER);
    h->on_request(x, h->data);
    *more = x->answered;
}

/* A body's memory does not outlive a large request. */
static void body_done(struct http_exchange *x)
{
    if (x->body.cap > READ_BYTES)
        buffer_free(&x->body);
    if (x->out.cap > OUT_FLUSH && x->out.len == 0)
        buffer_free(&x->out);
    if (x->in.cap > 4 * READ_BYTES && x->in.len == 0)
        buffer_free(&x->in);
}

/* Does all that the bytes at hand allow. */
void connection_process(struct http_exchange *x)
{
    bool more = true;
    if (x->processing)
        return;
    x->processing = true;
    while (more && !x->closing && !x->writing && x->phase != PHASE_LINGER) {
        if (last_answer_given(x))
            break;
        if (x->phase == PHASE_HEAD)
            take_head(x, &more);
        else if (x->phase == PHASE_BODY)
            take_body(x, &more);
        else
            more = x->answered;
        if (x->phase == PHASE_ANSWER && x->answered && x->keep_alive) {
            connection_phase(x, PHASE_HEAD);
            body_done(x);
            more = true;
        }
        if (x->out.len > OUT_FLUSH)
            connection_flush(x);
    }
    connection_flush(x);
    x->processing = false;
    if (!x->closing && !x->writing) {
        if (last_answer_given(x))
            connection_linger(x);
        else if (x->worker->draining && x->phase == PHASE_HEAD && x->in.len == x->in_at)
            connection_close(x);
        else if (x->phase == PHASE_ANSWER && x->in.len - x->in_at >= READ_BYTES)
            read_off(x); /* enough for later; less is not worth two system calls */
        else
            connection_read_on(x);
    } else if (x->writing) {
        read_off(x);
    }
    free_if_done(x);
}

void connection_resumed(struct http_exchange *x)
{
    void (*then)(struct http_exchange *, void *) = x->then;
    x->then = NULL;
    then(x, x->then_arg);
    x->deferred = false;
    if (x->closing)
        free_if_done(x);
    else
        connection_process(x);
}

/* --- time --- */

static unsigned or_default(unsigned value, unsigned otherwise)
{
    return value != 0 ? value : otherwise;
}

static void check_body(struct http_exchange *x, uint64_t now)
{
    const struct http_settings *s = &x->worker->server->settings;
    uint64_t grace = or_default(s->body_grace_ms, LIMIT_BODY_GRACE_MS), took = now - x->since_ms;
    if (took > grace && x->body_raw < took * LIMIT_BODY_MIN_RATE / 1000) {
        connection_refuse(x, PROBLEM_TIMEOUT, "The body came too slowly.");
        connection_process(x);
    }
}

static void check_write(struct http_exchange *x, uint64_t now)
{
    const struct http_settings *s = &x->worker->server->settings;
    size_t left = uv_stream_get_write_queue_size((uv_stream_t *)&x->tcp);
    if (left != x->write_left) {
        x->write_left = left;
        x->progress_ms = now;
    } else if (now - x->progress_ms > or_default(s->write_stall_ms, LIMIT_WRITE_STALL_MS)) {
        connection_close(x);
    }
}

void connection_check_time(struct http_exchange *x, uint64_t now)
{
    const struct http_settings *s = &x->worker->server->settings;
    if (x->closing)
        return;
    if (x->writing) {
        check_write(x, now);
        return;
    }
    switch (x->phase) {
    case PHASE_HEAD:
        if (x->in.len == x->in_at) {
            if (now - x->since_ms > or_default(s->idle_ms, LIMIT_IDLE_MS))
                connection_close(x);
        } else if (now - x->since_ms > or_default(s->head_ms, LIMIT_HEAD_MS)) {
            connection_refuse(x, PROBLEM_TIMEOUT, "The request's head came too slowly.");
            connection_process(x);
        }
        break;
    case PHASE_BODY:
        check_body(x, now);
        break;
    case PHASE_ANSWER:
        break;
    case PHASE_LINGER:
        if (now - x->since_ms > LINGER_MS)
            connection_close(x);
        break;
    }
}

void connection_drain(struct http_exchange *x)
{
    if (x->phase == PHASE_HEAD && x->in.len == x->in_at && !x->writing)
        connection_close(x);
}

/* --- the beginning --- */

static void peer_name(struct http_exchange *x)
{
    struct sockaddr_storage address;
    int size = sizeof address;
    if (uv_tcp_getpeername(&x->tcp, (struct sockaddr *)&address, &size) != 0)
        return;
    if (address.ss_family == AF_INET)
        uv_ip4_name((struct sockaddr_in *)(void *)&address, x->peer, sizeof x->peer);
    else
        uv_ip6_name((struct sockaddr_in6 *)(void *)&address, x->peer, sizeof x->peer);
}

/* To the same machine nothing is far and nothing is lost, so the plainest control of
 * congestion does: some systems' default (BBR) keeps a timer for each connection and works
 * out a rate at each acknowledgement. Where it is refused, the default stays. */
static void local_congestion(const struct http_exchange *x)
{
    static const char NAME[] = "reno";
    if (strncmp(x->peer, "127.", 4) == 0 || strcmp(x->peer, "::1") == 0)
        setsockopt(x->fd, IPPROTO_TCP, TCP_CONGESTION, NAME, sizeof NAME - 1);
}

void connection_accept(struct http_worker *w, uv_stream_t *listener)
{
    struct http_exchange *x = calloc(1, sizeof *x);
    if (x == NULL || uv_tcp_init(&w->loop, &x->tcp) != 0) {
        free(x);
        return;
    }
    x->worker = w;
    x->tcp.data = x;
    x->next = w->connections;
    if (x->next != NULL)
        x->next->previous = x;
    w->connections = x;
    w->connection_count++;
    if (uv_accept(listener, (uv_stream_t *)&x->tcp) != 0) {
        connection_close(x);
        return;
    }
    uv_tcp_nodelay(&x->tcp, 1);
    uv_fileno((uv_handle_t *)&x->tcp, &x->fd);
    peer_name(x);
    local_congestion(x);
    connection_phase(x, PHASE_HEAD);
    connection_read_on(x);
}
