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
#include <string.h>

/* Kept for the next requests of a worker: as many as one turn has. */
#define POSTS_KEPT LIMIT_TURN_CONNECTIONS

/* Which sentence says why an event is too old. */
enum why { WHY_NONE, WHY_LATE, WHY_KEPT, WHY_REMOVED };

/* A request whose events are on their way. */
struct post {
    /* Stays when the post is kept for another request: */
    struct post *next;
    struct arena *arena;
    char why[PROBLEM_MESSAGE_BYTES]; /* the context's oldest_why */
    enum why why_kind;
    int64_t why_number;

    struct ingest_ticket ticket;
    struct decode_job job;
    /* What its head, its credential and the clock say: */
    enum body_format format;
    struct decode_context context;
    struct decoded_batch batch;
    struct app *app;
    struct http_exchange *x;
};

static void post_free(struct post *post)
{
    arena_free(post->arena);
    free(post);
}

/* On the exchange's worker. A large one's memory goes back at once. */
static void post_done(struct post *post)
{
    struct worker *w = worker_of(post->app, post->x);
    if (post->job.bytes > LIMIT_DECODE_BYTES || w->post_count >= POSTS_KEPT) {
        post_free(post);
        return;
    }
    arena_reset(post->arena);
    post->next = w->posts;
    w->posts = post;
    w->post_count++;
}

void events_free_posts(struct worker *w)
{
    for (struct post *post = w->posts, *next; post != NULL; post = next) {
        next = post->next;
        post_free(post);
    }
    w->posts = NULL;
}

static int content_format(const struct http_request *request, enum body_format *out,
                          struct problem *problem)
{
    const struct span *coding = http_find_field(request, "content-encoding");
    if (coding != NULL && !span_equal_nocase(*coding, SPAN("identity")))
        return problem_set(problem, PROBLEM_MEDIA_TYPE,
                           "The body must come as it is, without Content-Encoding.");
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
    buffer_append_text(b, "\"accepted\":");
    buffer_append_number(b, post->ticket.accepted);
    buffer_append_text(b, ",\"duplicates\":");
    buffer_append_number(b, post->ticket.duplicates);
    buffer_append_text(b, ",\"rejected\":[");
    for (size_t i = 0; i < batch->refused_count; i++) {
        const struct refused_event *r = &batch->refused[i];
        buffer_printf(b, "%s{\"index\":%u,\"code\":%d,\"message\":", i > 0 ? "," : "", r->index,
                      r->problem.code);
        render_string(b, span_of(r->problem.message));
        buffer_append_char(b, '}');
    }
    buffer_append_text(b, "],\"sequence\":");
    buffer_append_number(b, post->ticket.sequence);
    buffer_append_char(b, '}');
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
    post_done(post);
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

/* Makes the sentence, unless the post has it from an earlier request. */
static void post_why(struct post *post, enum why kind, int64_t number)
{
    if (post->why_kind == kind && post->why_number == number)
        return;
    if (kind == WHY_LATE)
        snprintf(post->why, sizeof post->why,
                 "more than %lld hours ago (maxLatenessHours): history is sent with "
                 "import=true",
                 (long long)number);
    else if (kind == WHY_REMOVED)
        snprintf(post->why, sizeof post->why,
                 "from a time that retention has removed: that does not come back, also with more "
                 "retentionDays");
    else
        snprintf(post->why, sizeof post->why,
                 "before what is kept (retentionDays: %lld): keep more days, or 0 for all",
                 (long long)number);
    post->why_kind = kind;
    post->why_number = number;
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
    if (identify(app, x, SCOPE_INGEST, &credential, problem) < 0 || /* charged for by its head */
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
        post_why(post, WHY_LATE, atomic_load(&app->max_lateness_us) / US_PER_HOUR);
    } else {
        out->oldest_us = horizon;
        bool removed = retention_is_of_note(app->retention, out->arrival_us);
        post_why(post, removed ? WHY_REMOVED : WHY_KEPT, retention_days(app->retention));
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
    struct worker *w = worker_of(app, x);
    struct post *post = w->posts;
    const size_t stays = offsetof(struct post, ticket);
    if (post != NULL) {
        w->posts = post->next;
        w->post_count--;
        memset((char *)post + stays, 0, sizeof *post - stays);
    } else {
        post = calloc(1, sizeof *post);
        if (post == NULL || (post->arena = arena_new()) == NULL) {
            free(post);
            return NULL;
        }
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
        post_done(post);
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
