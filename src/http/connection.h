/* One connection: bytes to requests, answers to bytes. */
#ifndef LIVEFLOOR_HTTP_CONNECTION_H
#define LIVEFLOOR_HTTP_CONNECTION_H

#include "base/buffer.h"
#include "http/head_gate.h"

#include <llhttp/llhttp.h>
#include <uv.h>

struct http_worker;

enum phase {
    PHASE_HEAD,   /* gathering a head; idle while there is none of it */
    PHASE_BODY,   /* the body comes in */
    PHASE_ANSWER, /* the handler has it */
    PHASE_LINGER, /* answered for the last time: what still comes is thrown away */
};

/* The exchange is the connection: one request at a time. */
struct http_exchange {
    uv_tcp_t tcp;
    uv_os_fd_t fd; /* the same */
    struct http_worker *worker;
    struct http_exchange *previous, *next; /* the worker's list */

    enum phase phase;
    bool deferred;   /* the answer comes later; keeps this alive */
    bool answered;   /* the present request has its answer */
    bool processing; /* inside connection_process: do not enter again */
    bool keep_alive;
    bool writing; /* a write waits for the other side */
    bool reading;
    bool closing, closed;
    bool whole; /* llhttp saw the end of the message */
    bool too_large;
    bool ready;       /* on the worker's list: has bytes not yet looked at */
    bool head_stands; /* the head read last was good, for a request without a body */
    bool repeatable;  /* http_set_repeatable's */
    bool lasting;     /* http_set_lasting's, with: */
    uint64_t proof[HTTP_PROOF_BYTES / sizeof(uint64_t)];

    struct buffer in;      /* not yet read */
    size_t in_at, in_seen; /* consumed; looked at for the end of the head */
    struct buffer head_bytes;
    struct head head;
    uint64_t head_hash; /* while head_stands */
    struct buffer body;
    size_t welcome;
    uint64_t body_raw; /* bytes of the body as sent, framing included */
    llhttp_t parser;

    struct buffer out;     /* answers not yet handed to the system */
    struct buffer sending; /* what a waiting write sends */
    uv_write_t write_request;
    uv_shutdown_t shutdown_request;

    uint64_t since_ms;    /* when the phase began */
    uint64_t progress_ms; /* when a waiting write last moved */
    size_t write_left;

    void *user;
    void (*then)(struct http_exchange *x, void *arg); /* http_resume's */
    void *then_arg;
    struct http_exchange *resume_next;
    char peer[64];
};

/* Takes a new connection from the listener. */
void connection_accept(struct http_worker *w, uv_stream_t *listener);

/* Goes on after a deferred answer. */
void connection_resumed(struct http_exchange *x);

/* Ends what has taken too long; called on each tick. */
void connection_check_time(struct http_exchange *x, uint64_t now_ms);

/* No further requests: closes when idle, else after the present answer. */
void connection_drain(struct http_exchange *x);

/* Does all that the bytes at hand allow. It may free x. */
void connection_process(struct http_exchange *x);

/* The next phase begins. */
void connection_phase(struct http_exchange *x, enum phase phase);

/* Reads (on). */
void connection_read_on(struct http_exchange *x);

/* Hands the answers over: at once as far as the system takes them, the rest waits. */
void connection_flush(struct http_exchange *x);

/* Hands bytes over that nothing waits before; returns how many the system took. Closes
 * when the other side has gone. */
size_t connection_send(struct http_exchange *x, struct span bytes);

/* The last answer is out: says so, and reads on for a while so that the other side
 * gets to read it instead of a reset. */
void connection_linger(struct http_exchange *x);

/* Closes at once. */
void connection_close(struct http_exchange *x);

/* Answers with a refusal of this room and closes. */
void connection_refuse(struct http_exchange *x, int code, const char *message);

#endif
