/* The four endpoints. */
#include "base/thread.h"
#include "server/routes.h"

#include <string.h>

/* All that an answer rests on besides its request's head (docs/decisions/0019). */
struct proof {
    struct site *site;
    uint64_t changes; /* of the site */
    uint64_t tokens;  /* auth_change; 0: nothing is proved */
    uint64_t reloads;
    size_t sites; /* how many there are: some tokens name none where there is only one */
    int64_t until_us;
    int64_t first_us; /* not to be passed by retention */
};
_Static_assert(sizeof(struct proof) <= HTTP_PROOF_BYTES, "a proof goes with an answer");

static int read_parameters(struct app *app, struct http_exchange *x, struct query *query,
                           int64_t *site_id, struct problem *problem)
{
    struct credential credential;
    struct worker *w = worker_of(app, x);
    if (authorize(app, x, SCOPE_READ, &credential, problem) < 0)
        return -1;
    arena_reset(w->arena);
    if (query_parse(http_get_request(x)->query, w->arena, query, problem) < 0)
        return -1;
    return chosen_site(app, x, query, &credential, site_id, problem);
}

/* What is looked at before anything is read: a change meanwhile disproves it. */
static struct proof proof_begin(struct app *app)
{
    return (struct proof){.tokens = auth_change(app->auth),
                          .reloads = atomic_load(&app->reloads),
                          .sites = sites_count(app->sites, NULL),
                          .until_us = INT64_MIN};
}

bool view_holds(const void *proof, void *data)
{
    struct app *app = data;
    struct proof p;
    memcpy(&p, proof, sizeof p);
    /* Should the clock be set back, the answer is still the one of some now between. */
    int64_t now_us = sites_look_now_us(app->sites);
    return now_us < p.until_us && site_changes(p.site) == p.changes &&
           auth_change(app->auth) == p.tokens && atomic_load(&app->reloads) == p.reloads &&
           sites_count(app->sites, NULL) == p.sites &&
           retention_horizon(app->retention, now_us) <= p.first_us;
}

/* Reads the question at the floor's own now and answers it into the worker's body. */
static int answer(struct app *app, struct worker *w, enum view view, const struct query *query,
                  const struct floor *floor, int64_t now_us, struct proof *proof,
                  struct problem *problem)
{
    struct question question;
    const struct question_context context = {
        .site_id = floor_site_id(floor),
        .now_us = now_us,
        .horizon_us = retention_horizon(app->retention, now_us),
        .site_offset_min = floor_utc_offset_min(floor),
        .default_page_size = atomic_load_explicit(&app->default_page_size, memory_order_relaxed),
    };
    if (question_read(view, query, &context, &question, problem) < 0)
        return -1;
    buffer_reset(&w->body);
    proof->first_us = question_first(&question);
    bool held = context.horizon_us <= proof->first_us;
    if (question_answer(view, floor, &question, w->arena, &w->body,
                        held ? &proof->until_us : NULL) < 0)
        return problem_set(problem, PROBLEM_BUSY, "There is no memory for this answer now.");
    return 0;
}

void handle_view(struct app *app, struct http_exchange *x, enum view view)
{
    struct worker *w = worker_of(app, x);
    struct problem problem = {0};
    struct query query;
    struct proof proof = proof_begin(app);
    int64_t site_id = 0, now_us = 0;
    thread_asked();
    if (read_parameters(app, x, &query, &site_id, &problem) < 0) {
        respond_problem(app, x, &problem);
        return;
    }
    struct site *site = sites_find(app->sites, site_id);
    int failed;
    if (site != NULL) {
        const struct floor *floor = site_read_begin(app->sites, site, &now_us);
        proof.site = site;
        proof.changes = site_changes(site);
        failed = answer(app, w, view, &query, floor, now_us, &proof, &problem);
        site_read_end(site);
    } else {
        /* A site without events answers like any empty floor, and is not kept. */
        struct floor *floor = floor_new(&(struct floor_settings){.site_id = site_id});
        failed = answer(app, w, view, &query, floor, sites_now_us(app->sites), &proof, &problem);
        floor_free(floor);
    }
    if (failed < 0) {
        respond_problem(app, x, &problem);
        return;
    }
    /* With a limit each request is charged for. */
    if (atomic_load_explicit(&app->rate_limit, memory_order_relaxed) == 0) {
        http_set_repeatable(x);
        if (site != NULL && proof.tokens != 0 && proof.until_us > now_us)
            http_set_lasting(x, &proof, sizeof proof);
    }
    respond_json(app, x, 200, buffer_span(&w->body));
}
