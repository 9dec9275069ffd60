/* POST /v4/livechat/events: bodies to batches, batches to the writer, its outcome back
 * (api.md §3). */
#include "server/routes.h"

#include "base/instant.h"
#include "base/limits.h"
#include "render/render.h"

#include <stdio.h>
#include <stdlib.h>

/* A request whose events are on their way. */
struct post {
    struct ingest_ticket ticket;
    struct decoded_batch batch;
    struct arena *arena;
    struct app *app;
    struct http_exchange *x;
};

static void post_free(struct post *post)
{
    arena_free(post->arena);
    free(post);
}

static int content_format(const struct http_request *request, enum body_format *out,
                          struct problem *problem)
{
    const struct span *type = http_find_field(request, "content-type");
    if (type == NULL || !body_format_find(*type, out))
        return problem_set(problem, PROBLEM_MEDIA_TYPE,
                           "The Content-Type must be application/json, application/x-ndjson, "
                           "application/cloudevents+json or "
                           "application/cloudevents-batch+json.");
    return 0;
}

size_t events_post_head(struct app *app, struct http_exchange *x, struct problem *problem)
{
    struct credential credential;
    enum body_format format;
    if (authorize(app, x, SCOPE_INGEST, &credential, problem) < 0 ||
        content_format(http_get_request(x), &format, problem) < 0)
        return 0;
    return LIMIT_BODY_BYTES;
}

static void answer_post(struct post *post)
{
    struct app *app = post->app;
    struct buffer *b = &worker_of(app, post->x)->body;
    const struct decoded_batch *batch = &post->batch;
    buffer_reset(b);
    if (batch->event_count == 0)
        buffer_printf(b, "{\"code\":%d,\"message\":\"Every event was refused: see rejected.\",",
                      PROBLEM_BATCH_REFUSED);
    else
        buffer_append_char(b, '{');
    buffer_printf(b, "\"accepted\":%zu,\"duplicates\":%zu,\"rejected\":[", post->ticket.accepted,
                  post->ticket.duplicates);
    for (size_t i = 0; i < batch->refused_count; i++) {
        const struct refused_event *r = &batch->refused[i];
        buffer_printf(b, "%s{\"index\":%u,\"code\":%d,\"message\":", i > 0 ? "," : "", r->index,
                      r->problem.code);
        render_string(b, span_of(r->problem.message));
        buffer_append_char(b, '}');
    }
    buffer_printf(b, "],\"sequence\":%llu}", (unsigned long long)post->ticket.sequence);
    respond_json(app, post->x, batch->event_count == 0 ? 400 : 200, buffer_span(b));
}

/* On the exchange's worker, after the writer is done with it. */
static void finish(struct http_exchange *x, void *arg)
{
    struct post *post = arg;
    if (post->ticket.problem.code != 0)
        respond_problem(post->app, x, &post->ticket.problem);
    else
        answer_post(post);
    post_free(post);
}

/* On one of the writer's threads. */
static void written(struct ingest_ticket *ticket)
{
    struct post *post = ticket->user;
    http_resume(post->x, finish, post);
}

/* What the credential, the parameters and the clock say for all events of the body. */
static int post_context(struct app *app, struct http_exchange *x, struct arena *arena,
                        struct decode_context *out, char why[PROBLEM_MESSAGE_BYTES],
                        struct problem *problem)
{
    struct credential credential;
    struct query query;
    bool import = false;
    if (authorize(app, x, SCOPE_INGEST, &credential, problem) < 0 ||
        query_parse(http_get_request(x)->query, arena, &query, problem) < 0 ||
        query_bool(&query, "import", &import, problem) < 0)
        return -1;
    if (import && !(credential.scopes & SCOPE_ADMIN))
        return problem_set(problem, PROBLEM_SCOPE,
                           "import=true needs a token with the scope admin.");
    int named = named_site(x, &query, &credential, &out->site_id, problem);
    if (named < 0)
        return -1;
    out->has_site = named == 0 || sites_count(app->sites, &out->site_id) == 1;
    out->only_site = named == 0;
    out->arrival_us = sites_now_us(app->sites);
    out->newest_us = out->arrival_us + LIMIT_AHEAD_US;
    int64_t horizon = retention_horizon(app->retention, out->arrival_us);
    int64_t late = out->arrival_us - atomic_load(&app->max_lateness_us);
    if (!import && late > horizon) {
        out->oldest_us = late;
        snprintf(why, PROBLEM_MESSAGE_BYTES,
                 "more than %lld hours ago (maxLatenessHours): history is sent with "
                 "import=true",
                 (long long)(atomic_load(&app->max_lateness_us) / US_PER_HOUR));
    } else {
        out->oldest_us = horizon;
        snprintf(why, PROBLEM_MESSAGE_BYTES,
                 "before what is kept (retentionDays: %u): keep more days, or 0 for all",
                 retention_days(app->retention));
    }
    out->oldest_why = why;
    out->body_stays = true; /* until the request is answered, as the batch does */
    return 0;
}

static int post_read(struct post *post, struct problem *problem)
{
    const struct http_request *request = http_get_request(post->x);
    struct decode_context context = {0};
    char why[PROBLEM_MESSAGE_BYTES];
    enum body_format format;
    if (content_format(request, &format, problem) < 0 ||
        post_context(post->app, post->x, post->arena, &context, why, problem) < 0)
        return -1;
    return decode_body(worker_of(post->app, post->x)->decoder, format, request->body, &context,
                       post->arena, &post->batch, problem);
}

void handle_events_post(struct app *app, struct http_exchange *x)
{
    struct problem problem = {0};
    struct post *post = calloc(1, sizeof *post);
    if (post == NULL || (post->arena = arena_new()) == NULL) {
        free(post);
        problem_set(&problem, PROBLEM_BUSY, "There is no memory for this now: try again later.");
        respond_problem(app, x, &problem);
        return;
    }
    post->app = app;
    post->x = x;
    int failed = post_read(post, &problem);
    if (failed == 0)
        atomic_fetch_add(&app->refused_events, post->batch.refused_count);
    if (failed == 0 && post->batch.event_count == 0) {
        post->ticket.sequence = atomic_load(&ingest_get_totals(app->ingest)->last_sequence);
        answer_post(post);
        post_free(post);
        return;
    }
    if (failed == 0) {
        post->ticket.events = post->batch.events;
        post->ticket.event_count = post->batch.event_count;
        post->ticket.bytes = http_get_request(x)->body.len * 4;
        post->ticket.done = written;
        post->ticket.user = post;
        http_defer(x);
        failed = ingest_submit(app->ingest, &post->ticket, &problem);
    }
    if (failed < 0) {
        respond_problem(app, x, &problem);
        post_free(post);
    }
}
