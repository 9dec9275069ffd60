/* Paths to handlers, and what every handler needs first: who asks, for which site. */
#ifndef LIVEFLOOR_SERVER_ROUTES_H
#define LIVEFLOOR_SERVER_ROUTES_H

#include "server/app.h"
#include "server/query.h"
#include "server/respond.h"

/* For /metrics: which route an answer belongs to. */
enum route_id {
    ROUTE_OTHER,
    ROUTE_VIEW_AGENTS,
    ROUTE_VIEW_QUEUE,
    ROUTE_VIEW_TODAY,
    ROUTE_VIEW_RIGHT_NOW,
    ROUTE_EVENTS,
    ROUTE_LIVEZ,
    ROUTE_READYZ,
    ROUTE_METRICS,
    ROUTE_IDS
};

/* The worker's things of the thread that runs the exchange. */
struct worker *worker_of(struct app *app, const struct http_exchange *x);

/* Checks the credential of a request for a scope. 0, or -1 with *problem (401, 403). */
int identify(struct app *app, struct http_exchange *x, uint32_t scope, struct credential *out,
             struct problem *problem);

/* The same, once for each request: it counts for the token's rate (429). */
int authorize(struct app *app, struct http_exchange *x, uint32_t scope, struct credential *out,
              struct problem *problem);

/* The site that a request names by its parameter or header, or that its credential is
 * bound to. 0 found; 1 none named; -1 with *problem (malformed, or not the
 * credential's). */
int named_site(struct http_exchange *x, const struct query *query,
               const struct credential *credential, int64_t *out, struct problem *problem);

/* The same, and where none is named the only one that there is; else -1 with
 * *problem. */
int chosen_site(struct app *app, struct http_exchange *x, const struct query *query,
                const struct credential *credential, int64_t *out, struct problem *problem);

/* The handlers; each answers or defers. */
void handle_view(struct app *app, struct http_exchange *x, enum view view);

/* Would a view's answer, given with this proof, be the same now? (http_handlers.holds) */
bool view_holds(const void *proof, void *data);

void handle_events_post(struct app *app, struct http_exchange *x);

/* Frees what handle_events_post keeps for a worker's next requests. */
void events_free_posts(struct worker *w);

void handle_events_get(struct app *app, struct http_exchange *x);
void handle_livez(struct app *app, struct http_exchange *x);
void handle_readyz(struct app *app, struct http_exchange *x);
void handle_metrics(struct app *app, struct http_exchange *x);

/* The head of a POST of events: refuses what need not be read. Returns the body bytes
 * welcome, or 0 with *problem. */
size_t events_post_head(struct app *app, struct http_exchange *x, struct problem *problem);

#endif
