/* HTTP/1.1 over libuv and llhttp behind a small interface. Only this room includes
 * either library. Knows nothing of Livefloor's routes. */
#ifndef LIVEFLOOR_HTTP_HTTP_H
#define LIVEFLOOR_HTTP_HTTP_H

#include "base/problem.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_server;   /* the listener and its workers */
struct http_exchange; /* one request and its answer */

enum http_method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_OPTIONS,
    METHOD_PUT,
    METHOD_DELETE,
    METHOD_PATCH,
    METHOD_OTHER, /* well-formed, but none of these */
};

struct http_field {
    struct span name, value; /* value without surrounding blanks */
};

/* Valid from the head until the response has been given. */
struct http_request {
    enum http_method method;
    struct span target; /* as sent */
    struct span path;   /* up to '?', not decoded */
    struct span query;  /* after '?', not decoded; empty when there is none */
    const struct http_field *fields;
    size_t field_count;
    struct span body; /* whole, chunks joined; followed by 64 readable bytes; empty in on_head */
};

/* A field's value by name, case aside; the first when there are several (of the
 * fields that matter the head gate refuses doubles). NULL when there is none. */
const struct span *http_find_field(const struct http_request *request, const char *name);

struct http_response {
    int status;
    const struct http_field
        *fields; /* besides Content-Length, Connection and Date, which are ours */
    size_t field_count;
    struct span body; /* copied; not sent for HEAD (its length is), 204 and 304 */
};

/* All run on the exchange's worker thread and must not block. */
struct http_handlers {
    /* After the head, before the body: returns how many body bytes are welcome
     * (more is refused with 413), or answers at once with http_respond (then a
     * body is not read and the connection ends, nor is `100 Continue` sent). May be NULL: no body.
     */
    size_t (*on_head)(struct http_exchange *x, void *data);
    /* The request is whole. Answers with http_respond now, or calls http_defer and
     * sees to it that http_resume is called later. */
    void (*on_request)(struct http_exchange *x, void *data);
    /* x was given a repeatable or lasting answer, of that status, that was made for another request
     * (http_get_user gives what was set for that one). For counting; may be NULL. */
    void (*on_repeat)(struct http_exchange *x, int status, void *data);
    /* Would the answer that was given with this proof (http_set_lasting) be the same if it were
     * made now? From any worker; quick. May be NULL: never. */
    bool (*holds)(const void *proof, void *data);
    /* What had come in on this worker has been looked at, and it will now wait for more.
     * For handing on what was gathered; may be NULL. */
    void (*on_turn_end)(void *data);
    /* A refusal made by this room (malformed, too large, timed out): fills in the
     * body so that every error looks alike. Writes at most cap bytes, returns how
     * many. May be NULL: no body. */
    size_t (*on_refusal)(int code, const char *message, char *out, size_t cap, void *data);
    void *data;
};

struct http_settings {
    const char *host; /* numeric address or name */
    uint16_t port;    /* 0 takes a free one */
    unsigned workers; /* threads; each has its own loop and SO_REUSEPORT socket; at least 1 */
    struct http_handlers handlers;
    /* Time-outs in ms; 0 takes those of base/limits.h (tests shorten them). */
    unsigned head_ms, idle_ms, body_grace_ms, write_stall_ms;
    size_t max_connections;           /* for each worker; 0: LIMIT_CONNECTIONS */
    struct span refusal_content_type; /* of on_refusal's bodies */
};

/* Binds and starts the workers. 0 or -1 with *problem (such as an address in use). */
int http_start(const struct http_settings *settings, struct http_server **out,
               struct problem *problem);

/* The port really bound. */
uint16_t http_port(const struct http_server *server);

/* Graceful stop: closes the listeners, answers what was begun with
 * `Connection: close`, closes idle connections, gives up after deadline_ms; joins
 * the workers and frees the server. Callable from any thread but a worker. */
void http_stop(struct http_server *server, unsigned deadline_ms);

const struct http_request *http_get_request(const struct http_exchange *x);

/* Which worker (0-based) it runs on: for per-thread state of the caller. */
unsigned http_worker_index(const struct http_exchange *x);

/* The other side's address as text, such as "127.0.0.1" (valid with the request). */
const char *http_peer_address(const struct http_exchange *x);

/* A pointer of the caller's kept with the exchange. */
void http_set_user(struct http_exchange *x, void *user);
void *http_get_user(const struct http_exchange *x);

/* Nothing but the request's head and the state of things decides the answer that
 * follows: requests with the very same head that arrived before the handler was called
 * may be given it too. */
void http_set_repeatable(struct http_exchange *x);

/* The same, and later requests with the very same head may be given the answer too, as long as
 * handlers.holds says of the proof that it would be no other, its Date aside. The proof is the
 * caller's, at most HTTP_PROOF_BYTES, and is copied. */
#define HTTP_PROOF_BYTES 64u
void http_set_lasting(struct http_exchange *x, const void *proof, size_t size);

/* Answers, once. Worker thread only. When the client has gone it does nothing. */
void http_respond(struct http_exchange *x, const struct http_response *response);

/* The answer comes later: x stays valid until http_respond. */
void http_defer(struct http_exchange *x);

/* From any thread, once for a deferred exchange: runs `then` on x's worker soon.
 * `then` must answer. */
void http_resume(struct http_exchange *x, void (*then)(struct http_exchange *x, void *arg),
                 void *arg);

/* The same for many with one wake-up of each worker: first each is added to a list, which
 * is one thread's and begins as {NULL}, then all are resumed. */
struct http_resumes {
    struct http_exchange *first;
};
void http_resumes_add(struct http_resumes *list, struct http_exchange *x,
                      void (*then)(struct http_exchange *x, void *arg), void *arg);
void http_resume_all(struct http_resumes *list);

#endif
