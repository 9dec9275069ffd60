#include "server/routes.h"

#include "base/limits.h"
#include "server/rate.h"

enum methods { M_GET = 1, M_POST = 2 };

struct route {
    const char *path; /* compared without regard to case */
    enum route_id id;
    unsigned methods;
};

static const struct route ROUTES[] = {
    {"/v4/livechat/realtime/agents", ROUTE_VIEW_AGENTS, M_GET},
    {"/v4/livechat/realtime/queue", ROUTE_VIEW_QUEUE, M_GET},
    {"/v4/livechat/realtime/today", ROUTE_VIEW_TODAY, M_GET},
    {"/v4/livechat/realtime/rightnow", ROUTE_VIEW_RIGHT_NOW, M_GET},
    {"/v4/livechat/events", ROUTE_EVENTS, M_GET | M_POST},
    {"/livez", ROUTE_LIVEZ, M_GET},
    {"/readyz", ROUTE_READYZ, M_GET},
    {"/metrics", ROUTE_METRICS, M_GET},
};

struct worker *worker_of(struct app *app, const struct http_exchange *x)
{
    return &app->workers[http_worker_index(x)];
}

/* The path without /api before /v4 and without one trailing slash. */
static struct span plain_path(struct span path)
{
    if (path.len > 8 && span_equal_nocase((struct span){path.data, 8}, SPAN("/api/v4/")))
        path = (struct span){path.data + 4, path.len - 4};
    if (path.len > 1 && path.data[path.len - 1] == '/')
        path.len--;
    return path;
}

static const struct route *route_find(struct span path)
{
    path = plain_path(path);
    for (size_t i = 0; i < sizeof ROUTES / sizeof ROUTES[0]; i++)
        if (span_equal_nocase(path, span_of(ROUTES[i].path)))
            return &ROUTES[i];
    return NULL;
}

static const char *allow_of(const struct route *route)
{
    return route->methods & M_POST ? "GET, HEAD, POST, OPTIONS" : "GET, HEAD, OPTIONS";
}

/* The token of `Authorization: Bearer <token>`; false when there is none such. */
static bool bearer_token(const struct http_request *request, struct span *out)
{
    const struct span *field = http_find_field(request, "authorization");
    if (field == NULL || field->len < 7 ||
        !span_equal_nocase((struct span){field->data, 7}, SPAN("bearer ")))
        return false;
    *out = (struct span){field->data + 7, field->len - 7};
    while (out->len > 0 && out->data[0] == ' ') {
        out->data++;
        out->len--;
    }
    return out->len > 0;
}

int identify(struct app *app, struct http_exchange *x, uint32_t scope, struct credential *out,
             struct problem *problem)
{
    struct span token;
    char wanted[32];
    if (!bearer_token(http_get_request(x), &token))
        return problem_set(problem, PROBLEM_UNAUTHORIZED,
                           "A token is needed: send the header Authorization: Bearer <token>.");
    if (!auth_token_verify(app->auth, token, out))
        return problem_set(problem, PROBLEM_UNAUTHORIZED,
                           "This token is not known or was revoked: make one with `livefloor "
                           "token create`.");
    if (!(out->scopes & scope)) {
        scopes_format(scope, wanted);
        return problem_set(problem, PROBLEM_SCOPE,
                           "This token lacks the scope %s: use one that has it.", wanted);
    }
    return 0;
}

int authorize(struct app *app, struct http_exchange *x, uint32_t scope, struct credential *out,
              struct problem *problem)
{
    if (identify(app, x, scope, out, problem) < 0)
        return -1;
    unsigned limit = atomic_load_explicit(&app->rate_limit, memory_order_relaxed);
    if (limit > 0 && !rate_allows(out->token_id, limit))
        return problem_set(problem, PROBLEM_RATE,
                           "This token has made more than %u requests in a second: wait a moment.",
                           limit);
    return 0;
}

int named_site(struct http_exchange *x, const struct query *query,
               const struct credential *credential, int64_t *out, struct problem *problem)
{
    const struct span *header = http_find_field(http_get_request(x), "x-api-siteid");
    int found = query_number(query, "siteId", 1, INT64_MAX, out, problem);
    if (found < 0)
        return -1;
    if (found == 1 && header != NULL) {
        struct query one = {.items = {{SPAN("siteId"), *header}}, .count = 1};
        found = query_number(&one, "siteId", 1, INT64_MAX, out, problem);
        if (found < 0)
            return problem_set(problem, PROBLEM_PARAMETER,
                               "The header x-api-siteid must be the number of a site.");
    }
    if (credential->all_sites)
        return found;
    if (found == 0 && *out != credential->site_id)
        return problem_set(problem, PROBLEM_SITE, "This token is for site %lld only.",
                           (long long)credential->site_id);
    *out = credential->site_id;
    return 0;
}

int chosen_site(struct app *app, struct http_exchange *x, const struct query *query,
                const struct credential *credential, int64_t *out, struct problem *problem)
{
    int found = named_site(x, query, credential, out, problem);
    if (found <= 0)
        return found;
    if (sites_count(app->sites, out) == 1)
        return 0;
    return problem_set(problem, PROBLEM_SITE_NEEDED,
                       "This token covers several sites: name one by the parameter siteId or the "
                       "header x-api-siteid.");
}

static void dispatch(struct app *app, struct http_exchange *x, enum route_id id, bool post)
{
    switch (id) {
    case ROUTE_VIEW_AGENTS:
        handle_view(app, x, VIEW_AGENTS);
        break;
    case ROUTE_VIEW_QUEUE:
        handle_view(app, x, VIEW_QUEUE);
        break;
    case ROUTE_VIEW_TODAY:
        handle_view(app, x, VIEW_TODAY);
        break;
    case ROUTE_VIEW_RIGHT_NOW:
        handle_view(app, x, VIEW_RIGHT_NOW);
        break;
    case ROUTE_EVENTS:
        if (post)
            handle_events_post(app, x);
        else
            handle_events_get(app, x);
        break;
    case ROUTE_LIVEZ:
        handle_livez(app, x);
        break;
    case ROUTE_READYZ:
        handle_readyz(app, x);
        break;
    case ROUTE_METRICS:
        handle_metrics(app, x);
        break;
    case ROUTE_OTHER:
    case ROUTE_IDS:
        break;
    }
}

static bool is_get(const struct http_request *request)
{
    return request->method == METHOD_GET || request->method == METHOD_HEAD;
}

/* Answers at once what needs no handler, whether or not a body comes with it: OPTIONS, and what
 * has no such path, or none that knows the method. */
static bool route_answers(struct app *app, struct http_exchange *x, const struct route *route)
{
    const struct http_request *request = http_get_request(x);
    if (route == NULL) {
        struct problem problem;
        problem_set(&problem, PROBLEM_NOT_FOUND,
                    "There is no such path: the answers are at "
                    "/v4/livechat/realTime/{Agents,Queue,Today,RightNow}, events go to "
                    "/v4/livechat/events.");
        respond_problem(app, x, &problem);
        return true;
    }
    if (request->method == METHOD_OPTIONS)
        respond_options(app, x, allow_of(route));
    else if (!(is_get(request) && (route->methods & M_GET)) &&
             !(request->method == METHOD_POST && (route->methods & M_POST)))
        respond_method(app, x, allow_of(route));
    else
        return false;
    return true;
}

/* Only a POST of events may have a body; what is refused is refused before it is sent. */
static size_t on_head(struct http_exchange *x, void *data)
{
    struct app *app = data;
    const struct http_request *request = http_get_request(x);
    const struct route *route = route_find(request->path);
    struct problem problem = {0};
    http_set_user(x, (void *)(uintptr_t)(route != NULL ? route->id : ROUTE_OTHER));
    if (route_answers(app, x, route) || request->method != METHOD_POST)
        return 0;
    size_t welcome = events_post_head(app, x, &problem);
    if (welcome == 0)
        respond_problem(app, x, &problem);
    return welcome;
}

static void on_request(struct http_exchange *x, void *data)
{
    enum route_id id = (enum route_id)(uintptr_t)http_get_user(x);
    dispatch(data, x, id, http_get_request(x)->method == METHOD_POST);
}

static void on_repeat(struct http_exchange *x, int status, void *data)
{
    count_answer(data, x, status);
}

/* The events of a turn become durable together. */
static void on_turn_end(void *data)
{
    struct app *app = data;
    ingest_hand_over(app->ingest);
}

static size_t on_refusal(int code, const char *message, char *out, size_t cap, void *data)
{
    (void)data;
    return problem_body(code, message, out, cap);
}

const struct http_handlers APP_HANDLERS = {.on_head = on_head,
                                           .on_request = on_request,
                                           .on_repeat = on_repeat,
                                           .holds = view_holds,
                                           .on_turn_end = on_turn_end,
                                           .on_refusal = on_refusal};
