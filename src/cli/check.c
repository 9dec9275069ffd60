/* livefloor check */
#include "base/paths.h"
#include "cli/commands.h"
#include "event/decode.h"
#include "journal/journal_check.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

struct site_count {
    int64_t site_id;
    uint64_t events;
};

struct checker {
    struct decoder *decoder;
    struct site_count *sites;
    size_t site_count;
    uint64_t records, damaged, first, last;
    /* A place that cannot be read, until it is known what follows; 0: none. */
    uint64_t bad, bad_count;
    const char *why; /* a constant */
};

static const struct argp_option OPTIONS[] = {
    {"data", 'd', "DIR", 0, "The server's directory (default ./livefloor-data)", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    if (key == 'd') {
        *(const char **)state->input = arg;
        return 0;
    }
    if (key == ARGP_KEY_ARG)
        argp_error(state, "'%s' is not an option of check", arg);
    return ARGP_ERR_UNKNOWN;
}

static void count_site(struct checker *c, int64_t site_id)
{
    size_t i = 0;
    while (i < c->site_count && c->sites[i].site_id != site_id)
        i++;
    if (i == c->site_count) {
        struct site_count *grown = realloc(c->sites, (i + 1) * sizeof *grown);
        if (grown == NULL)
            return;
        c->sites = grown;
        c->sites[c->site_count++] = (struct site_count){site_id, 0};
    }
    c->sites[i].events++;
}

/* Tells of the bad place at hand. */
static void bad_end(struct checker *c)
{
    if (c->bad == 0)
        return;
    printf("record %llu %s", (unsigned long long)c->bad, c->why);
    if (c->bad_count > 1)
        printf(", and so up to record %llu", (unsigned long long)(c->bad + c->bad_count - 1));
    putchar('\n');
    fflush(stdout); /* whatever comes next */
    c->damaged += c->bad_count;
    c->bad = 0;
}

static void bad_place(void *data, uint64_t sequence, uint64_t count, const char *why)
{
    struct checker *c = data;
    if (c->bad != 0 && c->bad + c->bad_count == sequence && strcmp(c->why, why) == 0) {
        c->bad_count += count; /* more of the same */
        return;
    }
    bad_end(c);
    c->bad = sequence;
    c->bad_count = count;
    c->why = why;
}

static int check_record(void *data, const struct journal_record *record)
{
    struct checker *c = data;
    struct event event;
    struct problem problem;
    const char *wrong = NULL;
    bad_end(c);
    if (c->first == 0)
        c->first = record->sequence;
    c->last = record->sequence;
    c->records++;
    count_site(c, record->site_id);
    if (decode_stored(c->decoder, record->json, &event, &problem) < 0)
        wrong = problem.message;
    else if (event.site_id != record->site_id || event.time_us != record->time_us ||
             !span_equal(event.id, record->id))
        wrong = "does not agree with the event that it holds";
    if (wrong == NULL)
        return 0;
    printf("record %llu %s\n", (unsigned long long)record->sequence, wrong);
    c->damaged++;
    return 0;
}

static int report(const struct checker *c)
{
    for (size_t i = 0; i < c->site_count; i++)
        printf("site %lld: %llu events\n", (long long)c->sites[i].site_id,
               (unsigned long long)c->sites[i].events);
    printf("%llu records, sequences %llu to %llu, %llu damaged\n", (unsigned long long)c->records,
           (unsigned long long)c->first, (unsigned long long)c->last,
           (unsigned long long)c->damaged);
    return c->damaged > 0 ? 1 : 0;
}

int cmd_check(int argc, char **argv)
{
    const char *data = "livefloor-data";
    const struct argp argp = {OPTIONS,
                              parse,
                              NULL,
                              "Verify every record of a store, also beside a running server: "
                              "checksums, order, and that each event can be read.",
                              NULL,
                              NULL,
                              NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &data);
    struct checker c = {.decoder = decoder_new()};
    struct journal *journal;
    struct problem problem = {0};
    char *path = path_join(data, "journal");
    const struct journal_options options = {.directory = path, .read_only = true};
    int status = 1;
    if (path != NULL && c.decoder != NULL && journal_open(&options, &journal, &problem) == 0) {
        const struct journal_checks checks = {check_record, bad_place, &c};
        int failed = journal_check(journal, &checks, &problem);
        bad_end(&c);
        if (failed == 0)
            status = report(&c);
        journal_close(journal);
    }
    if (problem.code != 0)
        fprintf(stderr, "livefloor: %s\n", problem.message);
    decoder_free(c.decoder);
    free(c.sites);
    free(path);
    return status;
}
