/* The server as a whole: what its rooms share, from start to stop. */
#ifndef LIVEFLOOR_SERVER_APP_H
#define LIVEFLOOR_SERVER_APP_H

#include "auth/auth.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "http/http.h"
#include "server/ingest.h"
#include "server/retention.h"
#include "server/settings.h"
#include "server/sites.h"
#include "server/snapshot_keeper.h"

#include <pthread.h>
#include <stdatomic.h>

#define MAX_WORKERS 64u

/* How many answers there were, for /metrics. */
#define ROUTE_KINDS 12u
#define STATUS_CLASSES 6u

/* What one worker thread has for itself. */
struct worker {
    _Alignas(64) struct arena *arena; /* from here on no other thread writes */
    struct buffer body, packed;       /* an answer, and its gzip */
    struct decoder *decoder;
    struct post *posts; /* requests of events that are over, for the next ones */
    unsigned post_count;
    /* Counted here, summed by /metrics. */
    _Atomic uint64_t requests[ROUTE_KINDS][STATUS_CLASSES];
};

struct app {
    /* Read again on SIGHUP: readers hold the lock while they look. */
    pthread_rwlock_t settings_lock;
    struct settings *settings;
    _Atomic int32_t default_page_size;
    _Atomic int64_t max_lateness_us;
    _Atomic unsigned rate_limit;
    _Atomic uint64_t reloads; /* of the settings, each counted when it is done */

    struct auth_store *auth;
    struct journal *journal;
    struct snapshot_start start;       /* its archive and sites are everybody's */
    struct snapshot_keeper *snapshots; /* NULL: none are made */
    struct id_index *ids;
    struct ingest_ids id_check;
    struct sites *sites; /* start.sites */
    struct retention *retention;
    struct ingest *ingest;
    struct decoders *decoders; /* as many as workers */
    struct http_server *http;

    unsigned worker_count;
    struct worker workers[MAX_WORKERS];
    _Atomic uint64_t refused_events;
    bool started; /* all of it: what is in memory is what the journal says */
    _Atomic bool stopping;
};

/* Opens the stores, rebuilds the state and begins to listen. Takes over the settings.
 * On the first start in an empty directory it makes site 10000's all-scopes token in
 * DIR/admin.token. 0 or -1 with *problem. */
int app_start(struct settings *settings, struct app **out, struct problem *problem);

/* Takes settings that were read again, as far as they can change while it runs. */
void app_reload(struct app *app, struct settings *settings);

/* Drains and stops everything, and frees it. */
void app_stop(struct app *app);

/* The HTTP room's handlers (routes.c). */
extern const struct http_handlers APP_HANDLERS;

#endif
