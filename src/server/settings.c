#include "server/settings.h"

#include "base/buffer.h"
#include "base/limits.h"
#include "base/log.h"

#include <stdlib.h>

enum kind { KIND_NUMBER, KIND_TEXT, KIND_ADDRESS, KIND_LIST, KIND_LEVEL };

struct setting {
    const char *name;
    enum kind kind;
    size_t offset; /* in struct settings */
    unsigned least, most;
    const char *initial; /* in the form of --set */
    const char *help;
};

#define AT(member) offsetof(struct settings, member)

static const struct setting TABLE[] = {
    {"data", KIND_TEXT, AT(data), 0, 0, "livefloor-data", "directory that keeps everything"},
    {"listen", KIND_ADDRESS, AT(listen_host), 0, 0, "127.0.0.1:8080",
     "HOST:PORT; port 0 takes a free one"},
    {"retentionDays", KIND_NUMBER, AT(retention_days), 0, 36500, "400",
     "days of history kept; 0 keeps all"},
    {"snapshotEvents", KIND_NUMBER, AT(snapshot_events), 0, 999999999, "500000",
     "a snapshot after so many events; 0: none"},
    {"maxLatenessHours", KIND_NUMBER, AT(max_lateness_hours), 1, 87600, "24",
     "older events are refused, but for imports"},
    {"visitorTimeoutSeconds", KIND_NUMBER, AT(visitor_timeout_seconds), 1, 86400, "120",
     "a visitor's heartbeat counts so long"},
    {"defaultPageSize", KIND_NUMBER, AT(default_page_size), 1, LIMIT_PAGE_SIZE, "5",
     "entries on a page of Agents"},
    {"workers", KIND_NUMBER, AT(workers), 0, 64, "0", "threads; 0: the number of cores"},
    {"rateLimit", KIND_NUMBER, AT(rate_limit), 0, 1000000, "0",
     "requests a second for each token; 0: no limit"},
    {"corsOrigins", KIND_LIST, AT(cors_origins), 0, 0, "",
     "origins whose pages may read answers, comma-separated; * for all"},
    {"headTimeoutSeconds", KIND_NUMBER, AT(head_timeout_seconds), 1, 3600, "10",
     "a request's head must be whole by then"},
    {"idleTimeoutSeconds", KIND_NUMBER, AT(idle_timeout_seconds), 1, 3600, "75",
     "a connection without a request is closed"},
    {"bodyGraceSeconds", KIND_NUMBER, AT(body_grace_seconds), 1, 3600, "10",
     "then a body must come at 1 KiB a second"},
    {"writeStallSeconds", KIND_NUMBER, AT(write_stall_seconds), 1, 3600, "30",
     "a reader that takes nothing for so long is cut off"},
    {"maxConnections", KIND_NUMBER, AT(max_connections), 1, 1000000, "16384",
     "for each worker; more wait to be accepted"},
    {"logLevel", KIND_LEVEL, AT(log_level), 0, 0, "info", "debug, info, warning or error"},
};
#define SETTINGS (sizeof TABLE / sizeof TABLE[0])

static char *copy_of(struct span s)
{
    return strndup(s.data != NULL ? s.data : "", s.len);
}

static int no_memory(struct problem *problem)
{
    return problem_set(problem, PROBLEM_INTERNAL, "There is no memory for the settings.");
}

static int set_text(char **to, struct span value, struct problem *problem)
{
    char *copy = copy_of(value);
    if (copy == NULL)
        return no_memory(problem);
    free(*to);
    *to = copy;
    return 0;
}

static int parse_number(struct span value, unsigned least, unsigned most, unsigned *out)
{
    uint64_t number = 0;
    if (value.len == 0 || value.len > 9)
        return -1;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return -1;
        number = number * 10 + (uint64_t)(value.data[i] - '0');
    }
    if (number < least || number > most)
        return -1;
    *out = (unsigned)number;
    return 0;
}

static int set_number(const struct setting *t, unsigned *to, struct span value,
                      struct problem *problem)
{
    if (parse_number(value, t->least, t->most, to) == 0)
        return 0;
    return problem_set(problem, PROBLEM_PARAMETER,
                       "%s is '%.*s': expected a whole number from %u to %u.", t->name,
                       (int)value.len, value.data, t->least, t->most);
}

/* HOST:PORT, [v6]:PORT or :PORT (all addresses). */
static int set_address(struct settings *s, struct span value, struct problem *problem)
{
    const char *colon = value.len > 0 ? memrchr(value.data, ':', value.len) : NULL;
    unsigned port;
    if (colon == NULL ||
        parse_number((struct span){colon + 1, (size_t)(value.data + value.len - colon - 1)}, 0,
                     65535, &port) < 0)
        return problem_set(problem, PROBLEM_PARAMETER,
                           "listen is '%.*s': expected HOST:PORT, such as 127.0.0.1:8080.",
                           (int)value.len, value.data);
    struct span host = {value.data, (size_t)(colon - value.data)};
    if (host.len >= 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
        host = (struct span){host.data + 1, host.len - 2};
    if (host.len == 0)
        host = SPAN("0.0.0.0");
    if (set_text(&s->listen_host, host, problem) < 0)
        return -1;
    s->listen_port = (uint16_t)port;
    return 0;
}

static void clear_origins(struct settings *s)
{
    for (size_t i = 0; i < s->cors_origin_count; i++)
        free(s->cors_origins[i]);
    free(s->cors_origins);
    s->cors_origins = NULL;
    s->cors_origin_count = 0;
}

static int add_origin(struct settings *s, struct span origin, struct problem *problem)
{
    char **grown = realloc(s->cors_origins, (s->cors_origin_count + 1) * sizeof *grown);
    if (grown == NULL)
        return no_memory(problem);
    s->cors_origins = grown;
    grown[s->cors_origin_count] = copy_of(origin);
    if (grown[s->cors_origin_count] == NULL)
        return no_memory(problem);
    s->cors_origin_count++;
    return 0;
}

static int set_origins(struct settings *s, struct span value, struct problem *problem)
{
    clear_origins(s);
    for (size_t at = 0; at < value.len;) {
        const char *comma = memchr(value.data + at, ',', value.len - at);
        size_t end = comma != NULL ? (size_t)(comma - value.data) : value.len;
        struct span origin = {value.data + at, end - at};
        while (origin.len > 0 && origin.data[0] == ' ') {
            origin.data++;
            origin.len--;
        }
        if (origin.len > 0 && add_origin(s, origin, problem) < 0)
            return -1;
        at = end + 1;
    }
    return 0;
}

static int set_level(unsigned *to, struct span value, struct problem *problem)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    for (unsigned i = LOG_DEBUG; i <= LOG_ERROR; i++)
        if (span_equal_nocase(value, span_of(names[i]))) {
            *to = i;
            return 0;
        }
    return problem_set(problem, PROBLEM_PARAMETER,
                       "logLevel is '%.*s': expected debug, info, warning or error.",
                       (int)value.len, value.data);
}

static int unknown_name(struct span name, struct problem *problem)
{
    struct buffer names = {0};
    for (size_t i = 0; i < SETTINGS; i++)
        buffer_printf(&names, "%s%s", i > 0 ? ", " : "", TABLE[i].name);
    buffer_append_char(&names, '\0');
    int result = problem_set(
        problem, PROBLEM_PARAMETER, "There is no setting '%.*s'; there are: %s.",
        (int)(name.len < 40 ? name.len : 40), name.data, names.failed ? "" : names.data);
    buffer_free(&names);
    return result;
}

int settings_set(struct settings *s, struct span name, struct span value, struct problem *problem)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting *t = &TABLE[i];
        void *to = (char *)s + t->offset;
        if (!span_equal(name, span_of(t->name)))
            continue;
        switch (t->kind) {
        case KIND_NUMBER:
            return set_number(t, to, value, problem);
        case KIND_TEXT:
            return set_text(to, value, problem);
        case KIND_ADDRESS:
            return set_address(s, value, problem);
        case KIND_LIST:
            return set_origins(s, value, problem);
        case KIND_LEVEL:
            return set_level(to, value, problem);
        }
    }
    return unknown_name(name, problem);
}

int settings_set_pair(struct settings *s, const char *pair, struct problem *problem)
{
    const char *equals = strchr(pair, '=');
    if (equals == NULL)
        return problem_set(problem, PROBLEM_PARAMETER, "'%s' is not NAME=VALUE.", pair);
    return settings_set(s, (struct span){pair, (size_t)(equals - pair)}, span_of(equals + 1),
                        problem);
}

int settings_init(struct settings *s)
{
    struct problem problem;
    *s = (struct settings){0};
    for (size_t i = 0; i < SETTINGS; i++)
        if (settings_set(s, span_of(TABLE[i].name), span_of(TABLE[i].initial), &problem) < 0)
            return -1;
    return 0;
}

void settings_clear(struct settings *s)
{
    if (s == NULL)
        return;
    free(s->data);
    free(s->listen_host);
    clear_origins(s);
    *s = (struct settings){0};
}

char *settings_help(void)
{
    struct buffer b = {0};
    /* With nothing before it argp would tell it twice. Longer lines than these are broken. */
    buffer_append_text(&b, "Runs the server until SIGTERM, which drains and stops it; SIGHUP reads "
                           "the settings again.\vSettings, by --set NAME=VALUE or in the YAML "
                           "file, with their defaults:\n\n");
    for (size_t i = 0; i < SETTINGS; i++)
        buffer_printf(&b, "  %s (%s)\n      %s\n", TABLE[i].name,
                      TABLE[i].initial[0] != '\0' ? TABLE[i].initial : "none", TABLE[i].help);
    buffer_append_char(&b, '\0');
    if (b.failed)
        buffer_free(&b);
    return b.data;
}
