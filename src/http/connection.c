#include "http/connection.h"

#include "http/worker.h"

#include <netinet/in.h>
#include <stdlib.h>

/* An answer this large goes out before the next pipelined request is looked at. */
#define OUT_FLUSH (256u << 10)
/* After the last answer: so much longer and so many bytes are thrown away. */
#define LINGER_MS 2000u
#define LINGER_BYTES (16u << 20)
/* Framing may take so many bytes besides the body's own. */
#define FRAMING_BYTES (64u << 10)

static void process(struct http_exchange *x);

static uint64_t now_ms(const struct http_exchange *x)
{
    return uv_now(&x->worker->loop);
}

static void phase_set(struct http_exchange *x, enum phase phase)
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

/* --- writing --- */

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct http_exchange *x = request->data;
    if (status < 0)
        connection_close(x);
}

static void read_on(struct http_exchange *x);

/* The last answer is out: says so, and reads on for a while so that the other side
 * gets to read it instead of a reset. */
static void linger(struct http_exchange *x)
{
    if (x->closing || x->phase == PHASE_LINGER)
        return;
    phase_set(x, PHASE_LINGER);
    x->body_raw = 0;
    x->shutdown_request.data = x;
    if (uv_shutdown(&x->shutdown_request, (uv_stream_t *)&x->tcp, on_shutdown) != 0)
        connection_close(x);
    else
        read_on(x);
}

static bool last_answer_given(const struct http_exchange *x)
{
    return x->answered && !x->keep_alive && x->phase != PHASE_LINGER;
}

static void on_written(uv_write_t *request, int status)
{
    struct http_exchange *x = request->data;
    x->writing = false;
    buffer_reset(&x->sending);
    if (status < 0) {
        connection_close(x);
        return;
    }
    process(x);
}

/* Hands the answers over: at once as far as the system takes them, the rest waits. */
static void flush(struct http_exchange *x)
{
    if (x->closing || x->writing || x->out.len == 0)
        return;
    uv_buf_t buf = uv_buf_init(x->out.data, (unsigned)x->out.len);
    int written = uv_try_write((uv_stream_t *)&x->tcp, &buf, 1);
    if (written < 0 && written != UV_EAGAIN) {
        connection_close(x);
        return;
    }
    size_t done = written > 0 ? (size_t)written : 0;
    if (done == x->out.len) {
        buffer_reset(&x->out);
        return;
    }
    struct buffer empty = x->sending;
    x->sending = x->out;
    x->out = empty;
    buffer_reset(&x->out);
    buf = uv_buf_init(x->sending.data + done, (unsigned)(x->sending.len - done));
    x->write_request.data = x;
    x->writing = true;
    x->progress_ms = now_ms(x);
    x->write_left = x->sending.len - done;
    if (uv_write(&x->write_request, (uv_stream_t *)&x->tcp, &buf, 1, on_written) != 0)
        connection_close(x);
}

/* --- reading --- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct http_exchange *x = handle->data;
    (void)suggested;
    *buf = uv_buf_init(x->worker->read_buffer, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct http_exchange *x = stream->data;
    if (count == 0)
        return;
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
        process(x);
}

static void read_on(struct http_exchange *x)
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
        connection_refuse(x, PROBLEM_TOO_LARGE, "The body is larger than this server takes.");
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
    buffer_reset(&x->head_bytes);
    buffer_append(&x->head_bytes, x->in.data + x->in_at, length);
    if (x->head_bytes.failed) {
        connection_close(x);
        return false;
    }
    consumed(x, length);
    return true;
}

static bool head_begin(struct http_exchange *x, size_t length)
{
    const char *why;
    if (!head_take(x, length))
        return false;
    x->answered = x->whole = x->too_large = false;
    x->keep_alive = true;
    x->body_raw = 0;
    x->user = NULL;
    buffer_reset(&x->body);
    int code = head_gate_read(buffer_span(&x->head_bytes), &x->head, &why);
    if (code != 0) {
        connection_refuse(x, code, why);
        return false;
    }
    llhttp_init(&x->parser, HTTP_REQUEST, &PARSER_SETTINGS);
    x->parser.data = x;
    x->welcome = 0;
    llhttp_errno_t error = llhttp_execute(&x->parser, x->head_bytes.data, x->head_bytes.len);
    if (error == HPE_INVALID_METHOD) {
        connection_refuse(x, PROBLEM_NOT_IMPLEMENTED, "This method is not known.");
        return false;
    }
    if (error != HPE_OK && !(error == HPE_PAUSED && x->whole)) {
        connection_refuse(x, PROBLEM_BAD_REQUEST, "The request is malformed.");
        return false;
    }
    x->keep_alive = llhttp_should_keep_alive(&x->parser) != 0;
    return true;
}

/* Asks the handler how much body is welcome. */
static void head_decide(struct http_exchange *x)
{
    const struct http_handlers *h = &x->worker->server->settings.handlers;
    bool body_comes = !x->whole;
    x->phase = PHASE_ANSWER;
    x->welcome = h->on_head != NULL ? h->on_head(x, h->data) : 0;
    if (x->answered) {
        x->keep_alive = x->keep_alive && !body_comes;
        return;
    }
    if (body_comes && (x->welcome == 0 || x->head.content_length > x->welcome)) {
        connection_refuse(x, PROBLEM_TOO_LARGE,
                          x->welcome == 0 ? "This request must not have a body."
                                          : "The body is larger than this server takes.");
        return;
    }
    phase_set(x, PHASE_BODY);
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
    enum head_progress progress =
        head_find_end((struct span){x->in.data + x->in_at, left}, &x->in_seen, &length);
    if (progress == HEAD_BAD) {
        connection_refuse(x, PROBLEM_BAD_REQUEST,
                          "Header lines must end with CR LF and hold no NUL.");
    } else if ((progress == HEAD_MORE ? left : length) > LIMIT_HEAD_BYTES) {
        connection_refuse(x, PROBLEM_HEAD_TOO_LARGE, "The request's head is too large.");
    } else if (progress == HEAD_WHOLE && head_begin(x, length)) {
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
    phase_set(x, PHASE_ANSWER);
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
static void process(struct http_exchange *x)
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
            phase_set(x, PHASE_HEAD);
            x->head.request = (struct http_request){0};
            body_done(x);
            more = true;
        }
        if (x->out.len > OUT_FLUSH)
            flush(x);
    }
    flush(x);
    x->processing = false;
    if (!x->closing && !x->writing) {
        if (last_answer_given(x))
            linger(x);
        else if (x->worker->draining && x->phase == PHASE_HEAD && x->in.len == x->in_at)
            connection_close(x);
        else if (x->phase == PHASE_ANSWER)
            read_off(x);
        else
            read_on(x);
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
        process(x);
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
        process(x);
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
            process(x);
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
    peer_name(x);
    phase_set(x, PHASE_HEAD);
    read_on(x);
}
