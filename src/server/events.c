/* POST /v4/livechat/events: bodies to batches, batches to the writer, its outcome back
 * (api.md §3). */
#include "server/decoders.h"
#include "server/routes.h"

#include "base/instant.h"
#include "base/limits.h"
#include "render/render.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* A request whose events are on their way. */
struct post {
    struct ingest_ticket ticket;
    struct decode_job job;
    /* What its head, its credential and the clock say: */
    enum body_format format;
    struct decode_context context;
    char why[PROBLEM_MESSAGE_BYTES]; /* the context's oldest_why */
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
static void written(struct ingest_ticket *first, const struct ingest_ticket *end)
{
    struct http_resumes resumes = {NULL};
    for (struct ingest_ticket *t = first; t != end; t = t->next) {
        struct post *post = t->user;
        http_resumes_add(&resumes, post->x, finish, post);
    }
    http_resume_all(&resumes);
}

/* What the credential, the parameters and the clock say for all events of the body. */
static int post_context(struct post *post, struct problem *problem)
{
    struct app *app = post->app;
    struct http_exchange *x = post->x;
    struct decode_context *out = &post->context;
    struct credential credential;
    struct query query;
    bool import = false;
    if (authorize(app, x, SCOPE_INGEST, &credential, problem) < 0 ||
        query_parse(http_get_request(x)->query, post->arena, &query, problem) < 0 ||
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
        snprintf(post->why, sizeof post->why,
                 "more than %lld hours ago (maxLatenessHours): history is sent with "
                 "import=true",
                 (long long)(atomic_load(&app->max_lateness_us) / US_PER_HOUR));
    } else {
        out->oldest_us = horizon;
        snprintf(post->why, sizeof post->why,
                 "before what is kept (retentionDays: %u): keep more days, or 0 for all",
                 retention_days(app->retention));
    }
    out->oldest_why = post->why;
    out->body_stays = true; /* until the request is answered, as the batch does */
    return 0;
}

/* How a ticket reaches the writer: ingest_submit or ingest_gather. */
typedef int submit_fn(struct ingest *g, struct ingest_ticket *ticket, struct problem *problem);

/* Decodes the body and hands its events to the writer, who tells `written`; any thread's.
 * False when the outcome stands already, in the ticket. */
static bool post_submit(struct post *post, struct decoder *decoder, submit_fn *submit)
{
    struct app *app = post->app;
    struct ingest_ticket *t = &post->ticket;
    struct span body = http_get_request(post->x)->body;
    if (decode_body(decoder, post->format, body, &post->context, post->arena, &post->batch,
                    &t->problem) < 0)
        return false;
    atomic_fetch_add(&app->refused_events, post->batch.refused_count);
    if (post->batch.event_count == 0) {
        t->sequence = atomic_load(&ingest_get_totals(app->ingest)->last_sequence);
        return false;
    }
    t->events = post->batch.events;
    t->event_count = post->batch.event_count;
    t->bytes = body.len * 4;
    t->done = written;
    t->user = post;
    struct problem problem;
    if (submit(app->ingest, t, &problem) == 0)
        return true;
    t->problem = problem;
    return false;
}

/* On a thread of the decoders. */
static void decode_job(struct decode_job *job, struct decoder *decoder)
{
    struct post *post = (struct post *)(void *)((char *)job - offsetof(struct post, job));
    if (!post_submit(post, decoder, ingest_submit))
        http_resume(post->x, finish, post);
}

static struct post *post_new(struct app *app, struct http_exchange *x)
{
    struct post *post = calloc(1, sizeof *post);
    if (post == NULL || (post->arena = arena_new()) == NULL) {
        free(post);
        return NULL;
    }
    post->app = app;
    post->x = x;
    post->job.run = decode_job;
    return post;
}

void handle_events_post(struct app *app, struct http_exchange *x)
{
    struct problem problem = {0};
    struct post *post = post_new(app, x);
    if (post == NULL) {
        problem_set(&problem, PROBLEM_BUSY, "There is no memory for this now: try again later.");
        respond_problem(app, x, &problem);
        return;
    }
    if (content_format(http_get_request(x), &post->format, &problem) < 0 ||
        post_context(post, &problem) < 0) {
        respond_problem(app, x, &problem);
        post_free(post);
        return;
    }
    http_defer(x);
    post->job.bytes = http_get_request(x)->body.len;
    bool mine = post->job.bytes <= LIMIT_DECODE_BYTES;
    if (mine && post_submit(post, worker_of(app, x)->decoder, ingest_gather))
        return;
    if (mine || decoders_do(app->decoders, &post->job, &post->ticket.problem) < 0)
        finish(x, post);
}
