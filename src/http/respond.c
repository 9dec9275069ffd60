/* Answers as bytes. */
#include "http/connection.h"
#include "http/worker.h"

static const char *reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 204:
        return "No Content";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Method Unknown";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Answer";
    }
}

static void put_fields(struct http_exchange *x, const struct http_response *r)
{
    struct buffer *out = &x->out;
    for (size_t i = 0; i < r->field_count; i++) {
        buffer_append_span(out, r->fields[i].name);
        buffer_append(out, ": ", 2);
        buffer_append_span(out, r->fields[i].value);
        buffer_append(out, "\r\n", 2);
    }
}

static void put_status_line(struct http_exchange *x, int status)
{
    struct buffer *out = &x->out;
    if (status == 200) {
        buffer_append(out, "HTTP/1.1 200 OK\r\nDate: ", 23);
    } else {
        buffer_append(out, "HTTP/1.1 ", 9);
        buffer_append_number(out, (unsigned)status);
        buffer_append_char(out, ' ');
        buffer_append_text(out, reason_of(status));
        buffer_append(out, "\r\nDate: ", 8);
    }
    buffer_append_text(out, worker_date(x->worker));
    buffer_append(out, "\r\n", 2);
}

/* Is somebody there who may ask the same? */
static bool worth_keeping(const struct http_exchange *x)
{
    return x->head_stands && x->keep_alive &&
           (x->worker->turn.ready_count > 1 || x->in.len > x->in_at);
}

static void put_answer(struct http_exchange *x, const struct http_response *r)
{
    struct buffer *out = &x->out;
    bool bodyless = r->status == 204 || r->status == 304;
    put_status_line(x, r->status);
    put_fields(x, r);
    if (!bodyless) {
        buffer_append(out, "Content-Length: ", 16);
        buffer_append_number(out, r->body.len);
        buffer_append(out, "\r\n", 2);
    }
    if (!x->keep_alive)
        buffer_append_text(out, "Connection: close\r\n");
    else if (x->head.minor_0)
        buffer_append_text(out, "Connection: keep-alive\r\n");
    buffer_append(out, "\r\n", 2);
    if (!bodyless && x->head.request.method != METHOD_HEAD)
        buffer_append_span(out, r->body);
}

/* The answer just made is kept for others. */
static void keep(struct http_exchange *x, struct span answer, int status)
{
    struct http_worker *w = x->worker;
    struct span head = buffer_span(&x->head_bytes);
    if (worth_keeping(x))
        turn_keep(&w->turn, head, x->head_hash, answer, status, x->user);
    if (!x->lasting || !x->head_stands || !x->keep_alive)
        return;
    struct kept_answer about = {
        .hash = x->head_hash, .date_s = w->date_s, .status = status, .user = x->user};
    memcpy(about.proof, x->proof, sizeof about.proof);
    kept_put(&w->kept, head, answer, &about);
}

void http_respond(struct http_exchange *x, const struct http_response *r)
{
    struct turn *turn = &x->worker->turn;
    if (x->answered)
        return;
    x->answered = true;
    x->deferred = false;
    turn_made(turn);
    if (x->closing)
        return;
    if (x->worker->draining)
        x->keep_alive = false;
    size_t at = x->out.len;
    put_answer(x, r);
    if (x->out.failed)
        connection_close(x); /* no memory to answer */
    else if (x->repeatable)
        keep(x, (struct span){x->out.data + at, x->out.len - at}, r->status);
}

void connection_refuse(struct http_exchange *x, int code, const char *message)
{
    char body[1024];
    const struct http_settings *s = &x->worker->server->settings;
    const struct http_field fields[] = {{SPAN("Cache-Control"), SPAN("no-store")},
                                        {SPAN("Content-Type"), s->refusal_content_type}};
    size_t len = s->handlers.on_refusal != NULL
                     ? s->handlers.on_refusal(code, message, body, sizeof body, s->handlers.data)
                     : 0;
    x->keep_alive = false;
    x->answered = false;
    const struct http_response response = {.status = problem_status(code),
                                           .fields = fields,
                                           .field_count = s->refusal_content_type.len > 0 ? 2 : 1,
                                           .body = {body, len}};
    http_respond(x, &response);
}
