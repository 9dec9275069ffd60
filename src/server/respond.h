/* Answers as HTTP responses: JSON, ETag and 304, gzip, CORS, errors (api.md §1). */
#ifndef LIVEFLOOR_SERVER_RESPOND_H
#define LIVEFLOOR_SERVER_RESPOND_H

#include "server/app.h"

/* Answers with a body of that type; a 200 to GET or HEAD gets an ETag, and 304 where
 * the client has it, and gzip where asked for and worth it. `more` are fields besides. */
void respond_body(struct app *app, struct http_exchange *x, int status, struct span content_type,
                  struct span body, const struct http_field *more, size_t more_count);

/* The same as JSON. */
void respond_json(struct app *app, struct http_exchange *x, int status, struct span body);

/* {"code":…,"message":…} with the status of the code, and what belongs to it:
 * WWW-Authenticate, Retry-After. */
void respond_problem(struct app *app, struct http_exchange *x, const struct problem *problem);

/* Counts an answer for /metrics; those below and above count themselves. */
void count_answer(struct app *app, const struct http_exchange *x, int status);

/* 405 with Allow. */
void respond_method(struct app *app, struct http_exchange *x, const char *allow);

/* The answer to a CORS preflight, or to plain OPTIONS. */
void respond_options(struct app *app, struct http_exchange *x, const char *allow);

/* The text of an error body; returns its length. */
size_t problem_body(int code, const char *message, char *out, size_t cap);

/* Does the Accept-Encoding field allow gzip (q above 0)? Pure. */
bool accepts_gzip(struct span accept_encoding);

/* Does If-None-Match name this ETag (weak comparison, lists, `*`)? Pure. */
bool etag_matches(struct span if_none_match, struct span etag);

#endif
