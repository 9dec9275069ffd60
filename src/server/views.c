/* The four endpoints. */
#include "server/routes.h"

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

/* Reads the question at the floor's own now and answers it into the worker's body. */
static int answer(struct app *app, struct worker *w, enum view view, const struct query *query,
                  const struct floor *floor, int64_t now_us, struct problem *problem)
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
    if (question_answer(view, floor, &question, w->arena, &w->body) < 0)
        return problem_set(problem, PROBLEM_BUSY, "There is no memory for this answer now.");
    return 0;
}

void handle_view(struct app *app, struct http_exchange *x, enum view view)
{
    struct worker *w = worker_of(app, x);
    struct problem problem = {0};
    struct query query;
    int64_t site_id = 0, now_us;
    if (read_parameters(app, x, &query, &site_id, &problem) < 0) {
        respond_problem(app, x, &problem);
        return;
    }
    struct site *site = sites_find(app->sites, site_id);
    int failed;
    if (site != NULL) {
        const struct floor *floor = site_read_begin(app->sites, site, &now_us);
        failed = answer(app, w, view, &query, floor, now_us, &problem);
        site_read_end(site);
    } else {
        /* A site without events answers like any empty floor, and is not kept. */
        struct floor *floor = floor_new(&(struct floor_settings){.site_id = site_id});
        failed = answer(app, w, view, &query, floor, sites_now_us(app->sites), &problem);
        floor_free(floor);
    }
    if (failed < 0) {
        respond_problem(app, x, &problem);
        return;
    }
    /* With a limit each request is charged for. */
    if (atomic_load_explicit(&app->rate_limit, memory_order_relaxed) == 0)
        http_set_repeatable(x);
    respond_json(app, x, 200, buffer_span(&w->body));
}
