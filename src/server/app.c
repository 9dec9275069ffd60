#include "server/app.h"

#include "base/instant.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/paths.h"
#include "server/decoders.h"
#include "server/rebuild.h"
#include "server/respond.h"
#include "server/routes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The site of a first start (api.md §5). */
#define FIRST_SITE 10000
#define RETENTION_INTERVAL_S 3600u
#define SNAPSHOT_INTERVAL_S 1u

static int path_in(const struct app *app, const char *name, char **out, struct problem *problem)
{
    *out = path_join(app->settings->data, name);
    if (*out != NULL)
        return 0;
    return problem_set(problem, PROBLEM_INTERNAL, "There is no memory to start.");
}

static int make_directory(const struct app *app, struct problem *problem)
{
    int error = directory_make(app->settings->data);
    if (error == 0)
        return 0;
    return problem_set(problem, PROBLEM_STORE, "The directory %s cannot be made: %s.",
                       app->settings->data, strerror(error));
}

static void count_token(void *data, const struct token_entry *entry)
{
    (void)entry;
    ++*(size_t *)data;
}

static int write_token_file(const char *path, const char *text, struct problem *problem)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written = fd >= 0 && dprintf(fd, "%s\n", text) > 0 && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0 && close(fd) != 0)
        written = false;
    if (written)
        return 0;
    return problem_set(problem, PROBLEM_STORE, "The file %s cannot be written: %s.", path,
                       strerror(error));
}

/* A first start makes a token that may do everything. */
static int first_token(struct app *app, struct problem *problem)
{
    size_t tokens = 0;
    char text[TOKEN_TEXT_BYTES], *path = NULL;
    struct token_entry made;
    const struct token_entry wanted = {
        .name = "made at the first start", .scopes = SCOPE_ALL, .all_sites = true};
    if (auth_token_list(app->auth, count_token, &tokens, problem) < 0)
        return -1;
    if (tokens > 0)
        return 0;
    if (path_in(app, "admin.token", &path, problem) < 0)
        return -1;
    unlink(path); /* of a store that is gone */
    int failed = auth_token_create(app->auth, &wanted, text, &made, problem);
    if (failed == 0)
        failed = write_token_file(path, text, problem);
    if (failed == 0)
        log_write(LOG_INFO, "first start: site %d; a token for everything is in %s", FIRST_SITE,
                  path);
    free(path);
    return failed;
}

static int open_auth(struct app *app, struct problem *problem)
{
    char *path;
    if (path_in(app, "auth", &path, problem) < 0)
        return -1;
    int failed = auth_open(path, &app->auth, problem);
    free(path);
    return failed < 0 ? -1 : first_token(app, problem);
}

static void say_ids(void *data, const char *text)
{
    (void)data;
    log_write(LOG_WARNING, "%s", text);
}

static int open_ids(struct app *app, struct problem *problem)
{
    char *path;
    if (path_in(app, "ids", &path, problem) < 0)
        return -1;
    const struct id_index_options options = {.directory = path,
                                             .verify = ingest_verify_id,
                                             .mark = ingest_mark,
                                             .say = say_ids,
                                             .data = &app->id_check,
                                             .removed_to = retention_removed_to(app->journal)};
    app->id_check.journal = app->journal;
    int failed = id_index_open(&options, &app->ids, problem);
    free(path);
    return failed;
}

static int open_journal(struct app *app, struct problem *problem)
{
    char *path;
    if (path_in(app, "journal", &path, problem) < 0)
        return -1;
    const struct journal_options options = {.directory = path};
    int failed = journal_open(&options, &app->journal, problem);
    free(path);
    return failed;
}

/* The floors as of a snapshot, or new ones, and who makes the next snapshot. */
static int open_snapshot(struct app *app, struct problem *problem)
{
    char *path;
    if (path_in(app, "snapshot", &path, problem) < 0)
        return -1;
    const struct snapshot_keeper_settings settings = {
        .source = {.directory = path,
                   .journal = app->journal,
                   .visitor_timeout_us =
                       (int64_t)app->settings->visitor_timeout_seconds * US_PER_SECOND},
        .from = &app->start,
        .events = app->settings->snapshot_events};
    int failed = settings.events > 0 ? snapshot_load(&settings.source, &app->start, problem)
                                     : snapshot_none(&settings.source, &app->start, problem);
    app->sites = app->start.sites;
    if (failed == 0 && settings.events > 0 &&
        (app->snapshots = snapshot_keeper_new(&settings)) == NULL)
        failed = problem_set(problem, PROBLEM_INTERNAL, "There is no memory to start.");
    free(path);
    return failed;
}

static int open_floors(struct app *app, struct problem *problem)
{
    if (open_journal(app, problem) < 0 || open_ids(app, problem) < 0 ||
        open_snapshot(app, problem) < 0)
        return -1;
    app->retention =
        retention_new(app->journal, app->ids, app->sites, app->settings->retention_days);
    if (app->retention == NULL)
        return problem_set(problem, PROBLEM_INTERNAL, "There is no memory to start.");
    if (app->snapshots != NULL) {
        const struct retention_watcher watcher = {snapshot_keeper_hold, snapshot_keeper_go_on,
                                                  app->snapshots};
        retention_watch(app->retention, &watcher);
    }
    if (rebuild(app->journal, app->sites, app->ids, app->start.sequence, problem) < 0)
        return -1;
    snapshot_keeper_confirm(app->snapshots);
    if (sites_count(app->sites, NULL) == 0)
        sites_get(app->sites, FIRST_SITE);
    return 0;
}

static int start_writer(struct app *app, struct problem *problem)
{
    struct journal_stats stats;
    if (journal_get_stats(app->journal, &stats, problem) < 0)
        return -1;
    struct ingest_settings settings = {
        .journal = app->journal,
        .ids = app->ids,
        .id_check = &app->id_check,
        .sites = app->sites,
        .last_sequence = stats.next_sequence - 1,
        .chores[0] = {NULL, retention_step, app->retention, RETENTION_INTERVAL_S},
    };
    if (app->snapshots != NULL)
        settings.chores[1] = (struct ingest_chore){snapshot_keeper_due, snapshot_keeper_step,
                                                   app->snapshots, SNAPSHOT_INTERVAL_S};
    return ingest_start(&settings, &app->ingest, problem);
}

static int start_workers(struct app *app, struct problem *problem)
{
    app->worker_count = app->settings->workers;
    if (app->worker_count == 0)
        app->worker_count = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    if (app->worker_count > MAX_WORKERS)
        app->worker_count = MAX_WORKERS;
    for (unsigned i = 0; i < app->worker_count; i++) {
        struct worker *w = &app->workers[i];
        w->arena = arena_new();
        w->decoder = decoder_new();
        if (w->arena == NULL || w->decoder == NULL)
            return problem_set(problem, PROBLEM_INTERNAL, "There is no memory to start.");
    }
    if (decoders_start(app->worker_count, &app->decoders, problem) < 0)
        return -1;
    struct http_settings http = {
        .host = app->settings->listen_host,
        .port = app->settings->listen_port,
        .workers = app->worker_count,
        .handlers = APP_HANDLERS,
        .head_ms = app->settings->head_timeout_seconds * 1000,
        .idle_ms = app->settings->idle_timeout_seconds * 1000,
        .body_grace_ms = app->settings->body_grace_seconds * 1000,
        .write_stall_ms = app->settings->write_stall_seconds * 1000,
        .max_connections = app->settings->max_connections,
        .refusal_content_type = SPAN("application/json; charset=utf-8"),
    };
    http.handlers.data = app;
    return http_start(&http, &app->http, problem);
}

static void take_changeable(struct app *app)
{
    const struct settings *s = app->settings;
    atomic_store(&app->default_page_size, (int32_t)s->default_page_size);
    atomic_store(&app->max_lateness_us, (int64_t)s->max_lateness_hours * US_PER_HOUR);
    atomic_store(&app->rate_limit, s->rate_limit);
    log_set_level((enum log_level)s->log_level);
}

int app_start(struct settings *settings, struct app **out, struct problem *problem)
{
    memory_keep_freed();
    struct app *app = aligned_alloc(_Alignof(struct app), sizeof *app);
    if (app == NULL)
        return problem_set(problem, PROBLEM_INTERNAL, "There is no memory to start.");
    memset(app, 0, sizeof *app);
    app->settings = settings;
    pthread_rwlock_init(&app->settings_lock, NULL);
    take_changeable(app);
    if (make_directory(app, problem) < 0 || open_auth(app, problem) < 0 ||
        open_floors(app, problem) < 0 || start_writer(app, problem) < 0 ||
        start_workers(app, problem) < 0) {
        app_stop(app);
        return -1;
    }
    app->started = true;
    *out = app;
    return 0;
}

void app_reload(struct app *app, struct settings *settings)
{
    pthread_rwlock_wrlock(&app->settings_lock);
    struct settings *old = app->settings;
    app->settings = settings;
    pthread_rwlock_unlock(&app->settings_lock);
    take_changeable(app);
    retention_set_days(app->retention, settings->retention_days);
    atomic_fetch_add(&app->reloads, 1);
    settings_clear(old);
    free(old);
}

/* For the next start, when nothing runs any more. */
static void last_snapshot(struct app *app)
{
    struct journal_stats stats;
    struct problem problem;
    if (journal_get_stats(app->journal, &stats, &problem) == 0)
        snapshot_keeper_finish(app->snapshots, stats.next_sequence - 1);
}

void app_stop(struct app *app)
{
    if (app == NULL)
        return;
    atomic_store(&app->stopping, true);
    /* Requests under way still reach the writer; then it finishes what it has. */
    if (app->http != NULL)
        http_stop(app->http, LIMIT_DRAIN_MS);
    decoders_stop(app->decoders);
    ingest_stop(app->ingest);
    if (app->started)
        last_snapshot(app);
    snapshot_keeper_free(app->snapshots);
    retention_free(app->retention);
    sites_free(app->start.sites);
    if (app->start.archive != NULL)
        app->start.archive->close(app->start.archive);
    id_index_free(app->ids);
    journal_close(app->journal);
    auth_close(app->auth);
    for (unsigned i = 0; i < app->worker_count; i++) {
        arena_free(app->workers[i].arena);
        decoder_free(app->workers[i].decoder);
        events_free_posts(&app->workers[i]);
        buffer_free(&app->workers[i].body);
        buffer_free(&app->workers[i].packed);
    }
    pthread_rwlock_destroy(&app->settings_lock);
    settings_clear(app->settings);
    free(app->settings);
    free(app);
}
