#include "server/respond.h"

#include "render/render.h"

#include <stdio.h>
#include <xxhash.h>
#include <zlib.h>

/* Smaller bodies gain nothing from gzip. */
#define GZIP_LEAST 1024u
#define FIELDS_MAX 16u

static const struct span JSON_TYPE = {"application/json; charset=utf-8", 31};

struct fields {
    struct http_field items[FIELDS_MAX];
    size_t count;
};

static void field(struct fields *f, const char *name, struct span value)
{
    if (f->count < FIELDS_MAX)
        f->items[f->count++] = (struct http_field){span_of(name), value};
}

void count_answer(struct app *app, const struct http_exchange *x, int status)
{
    uintptr_t kind = (uintptr_t)http_get_user(x) % ROUTE_KINDS;
    if (status < 100 || status >= 600)
        return;
    /* Only this thread writes it: no locked instruction. */
    _Atomic uint64_t *count = &app->workers[http_worker_index(x)].requests[kind][status / 100];
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/* May pages of this origin read our answers? */
static bool origin_allowed(struct app *app, struct span origin)
{
    bool allowed = false;
    pthread_rwlock_rdlock(&app->settings_lock);
    for (size_t i = 0; i < app->settings->cors_origin_count && !allowed; i++) {
        struct span known = span_of(app->settings->cors_origins[i]);
        allowed = span_equal(known, SPAN("*")) || span_equal_nocase(known, origin);
    }
    pthread_rwlock_unlock(&app->settings_lock);
    return allowed;
}

static void cors_fields(struct app *app, struct http_exchange *x, struct fields *f)
{
    const struct span *origin = http_find_field(http_get_request(x), "origin");
    if (origin == NULL || !origin_allowed(app, *origin))
        return;
    field(f, "Access-Control-Allow-Origin", *origin);
    field(f, "Access-Control-Expose-Headers", SPAN("ETag, Retry-After, X-Livefloor-Next"));
}

static void send(struct app *app, struct http_exchange *x, int status, const struct fields *f,
                 struct span body)
{
    const struct http_response response = {
        .status = status, .fields = f->items, .field_count = f->count, .body = body};
    count_answer(app, x, status);
    http_respond(x, &response);
}

/* The body's gzip in the worker's buffer; false when it fails or is no shorter. */
static bool pack(struct buffer *out, struct span body)
{
    z_stream z = {0};
    buffer_reset(out);
    if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    size_t bound = deflateBound(&z, body.len);
    char *to = buffer_reserve(out, bound);
    int done = Z_MEM_ERROR;
    if (to != NULL) {
        z.next_in = (Bytef *)(uintptr_t)body.data;
        z.avail_in = (uInt)body.len;
        z.next_out = (Bytef *)to;
        z.avail_out = (uInt)bound;
        done = deflate(&z, Z_FINISH);
        out->len += z.total_out;
    }
    deflateEnd(&z);
    return done == Z_STREAM_END && out->len < body.len;
}

static struct span etag_of(struct span body, bool packed, char out[32])
{
    static const char hex[] = "0123456789abcdef";
    XXH128_hash_t hash = XXH3_128bits(body.data, body.len);
    char *at = out;
    *at++ = '"';
    for (int shift = 60; shift >= 0; shift -= 4)
        *at++ = hex[hash.high64 >> shift & 15];
    for (int shift = 60; shift >= 32; shift -= 4)
        *at++ = hex[hash.low64 >> shift & 15];
    if (packed) {
        *at++ = '-';
        *at++ = 'g';
    }
    *at++ = '"';
    return (struct span){out, (size_t)(at - out)};
}

void respond_body(struct app *app, struct http_exchange *x, int status, struct span content_type,
                  struct span body, const struct http_field *more, size_t more_count)
{
    const struct http_request *request = http_get_request(x);
    struct fields f = {0};
    char etag_text[32];
    field(&f, "Content-Type", content_type);
    field(&f, "Cache-Control", SPAN("no-store"));
    field(&f, "Vary", SPAN("Accept-Encoding, Origin"));
    for (size_t i = 0; i < more_count; i++)
        field(&f, more[i].name.data, more[i].value);
    cors_fields(app, x, &f);
    bool reading = request->method == METHOD_GET || request->method == METHOD_HEAD;
    if (status == 200 && reading) {
        struct buffer *packed = &app->workers[http_worker_index(x)].packed;
        const struct span *accept = http_find_field(request, "accept-encoding");
        const struct span *known = http_find_field(request, "if-none-match");
        bool gzip = body.len >= GZIP_LEAST && accept != NULL && accepts_gzip(*accept);
        struct span etag = etag_of(body, gzip, etag_text);
        field(&f, "ETag", etag);
        if (known != NULL && etag_matches(*known, etag)) {
            send(app, x, 304, &f, (struct span){NULL, 0});
            return;
        }
        if (gzip && pack(packed, body)) {
            field(&f, "Content-Encoding", SPAN("gzip"));
            body = buffer_span(packed);
        }
    }
    send(app, x, status, &f, body);
}

void respond_json(struct app *app, struct http_exchange *x, int status, struct span body)
{
    respond_body(app, x, status, JSON_TYPE, body, NULL, 0);
}

size_t problem_body(int code, const char *message, char *out, size_t cap)
{
    struct buffer b = {0};
    buffer_printf(&b, "{\"code\":%d,\"message\":", code);
    render_string(&b, span_of(message));
    buffer_append_char(&b, '}');
    size_t len = b.failed || b.len > cap ? 0 : b.len;
    if (len > 0)
        memcpy(out, b.data, len);
    buffer_free(&b);
    return len;
}

void respond_problem(struct app *app, struct http_exchange *x, const struct problem *problem)
{
    char body[2 * PROBLEM_MESSAGE_BYTES + 64];
    struct http_field more[1];
    size_t count = 0;
    int status = problem_status(problem->code);
    size_t len = problem_body(problem->code, problem->message, body, sizeof body);
    if (status == 401)
        more[count++] =
            (struct http_field){SPAN("WWW-Authenticate"), SPAN("Bearer realm=\"livefloor\"")};
    if (status == 429 || status == 503)
        more[count++] = (struct http_field){SPAN("Retry-After"), SPAN("1")};
    respond_body(app, x, status, JSON_TYPE, (struct span){body, len}, more, count);
}

void respond_method(struct app *app, struct http_exchange *x, const char *allow)
{
    char body[256];
    char message[160];
    snprintf(message, sizeof message, "This path does not know that method: use %s.", allow);
    size_t len = problem_body(PROBLEM_METHOD, message, body, sizeof body);
    const struct http_field more = {SPAN("Allow"), span_of(allow)};
    respond_body(app, x, 405, JSON_TYPE, (struct span){body, len}, &more, 1);
}

void respond_options(struct app *app, struct http_exchange *x, const char *allow)
{
    const struct http_request *request = http_get_request(x);
    const struct span *origin = http_find_field(request, "origin");
    struct fields f = {0};
    field(&f, "Allow", span_of(allow));
    field(&f, "Vary", SPAN("Origin"));
    if (origin != NULL && http_find_field(request, "access-control-request-method") != NULL &&
        origin_allowed(app, *origin)) {
        field(&f, "Access-Control-Allow-Origin", *origin);
        field(&f, "Access-Control-Allow-Methods", span_of(allow));
        field(&f, "Access-Control-Allow-Headers",
              SPAN("Authorization, Content-Type, If-None-Match, x-api-siteid"));
        field(&f, "Access-Control-Max-Age", SPAN("600"));
    }
    send(app, x, 204, &f, (struct span){NULL, 0});
}
