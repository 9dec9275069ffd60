/* Measures the floor inside the process: applying events, bytes for each chat, and the
 * time of each answer for windows and instants all over the history.
 *
 *   floor_bench CHATS [LATE_PERCENT]
 *
 * Prints one line of JSON. The floor is a made one (made_floor.h); more chats are a longer
 * history, not more of them at once. */
#include "answer/answer.h"
#include "base/instant.h"
#include "floor/floor.h"
#include "journal/file_archive.h"
#include "made_floor.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define QUESTIONS 20000
/* A chat every 2.6 s, however many there are: a million are 30 days, and as many go on
 * at once as in a tenth of it. */
#define US_PER_CHAT 2592000

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void make_directory(struct floor *f, int64_t start, int64_t now)
{
    char id[32];
    for (uint64_t i = 0; i < MADE_AGENTS; i++) {
        struct guid departments[2] = {made_guid(MADE_DEPARTMENT, i % MADE_DEPARTMENTS),
                                      made_guid(MADE_DEPARTMENT, (i + 1) % MADE_DEPARTMENTS)};
        struct event e = {.type = EVENT_AGENT_UPDATED,
                          .fields = FIELD_AGENT | FIELD_DEPARTMENT_IDS | FIELD_MAX_CONCURRENT,
                          .agent = made_guid(MADE_AGENT, i),
                          .department_ids = departments,
                          .department_count = 2,
                          .max_concurrent = 5,
                          .time_us = start};
        e.id = (struct span){id, (size_t)snprintf(id, sizeof id, "a%llu", (unsigned long long)i)};
        floor_apply(f, &e, now);
        e.type = EVENT_AGENT_STATUS_CHANGED;
        e.fields = FIELD_AGENT | FIELD_STATUS;
        e.status = STATUS_ID_ONLINE;
        floor_apply(f, &e, now);
    }
}

struct timing {
    double p50, p99, mean;
};

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static struct timing timing_of(double *us)
{
    struct timing t = {0};
    for (int i = 0; i < QUESTIONS; i++)
        t.mean += us[i] / QUESTIONS;
    qsort(us, QUESTIONS, sizeof *us, by_double);
    t.p50 = us[QUESTIONS / 2];
    t.p99 = us[QUESTIONS / 100 * 99];
    return t;
}

static struct timing ask(const struct floor *f, int view, int64_t start, int64_t now)
{
    static double us[QUESTIONS];
    struct arena *arena = arena_new();
    for (int i = 0; i < QUESTIONS; i++) {
        int64_t span = now - start, a = start + (int64_t)made_dice((uint64_t)span);
        int64_t b = start + (int64_t)made_dice((uint64_t)span);
        struct question q = {.now_us = now,
                             .horizon_us = INT64_MIN,
                             .has_start = view == 0,
                             .has_end = true,
                             .start_us = a < b ? a : b,
                             .end_us = a < b ? b : a,
                             .page_index = 1,
                             .page_size = 1000,
                             .status_distribution = true};
        struct today today;
        struct right_now right_now;
        struct queue_list queue;
        struct agents_page agents;
        double before = seconds();
        if (view == 0)
            answer_today(f, &q, &today);
        else if (view == 1)
            answer_right_now(f, &q, &right_now);
        else if (view == 2)
            answer_queue(f, &q, arena, &queue);
        else
            answer_agents(f, &q, arena, &agents);
        us[i] = (seconds() - before) * 1e6;
        arena_reset(arena);
    }
    arena_free(arena);
    return timing_of(us);
}

int main(int argc, char **argv)
{
    uint64_t chats = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    uint64_t late = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    const int64_t start = 1700000000LL * US_PER_SECOND, span = (int64_t)chats * US_PER_CHAT;
    const int64_t now = start + span + US_PER_DAY;
    struct made m = {0};
    size_t *order;
    made_chats(&m, chats, start, span, late, &order);
    size_t before = mallinfo2().uordblks;
    struct archive *archive;
    struct problem problem;
    if (file_archive_open("/tmp", &archive, &problem) < 0) {
        fprintf(stderr, "%s\n", problem.message);
        return 1;
    }
    struct floor *f = floor_new(&(struct floor_settings){
        .site_id = 1, .visitor_timeout_us = 120 * US_PER_SECOND, .archive = archive});
    make_directory(f, start, now);
    double began = seconds();
    char id[37];
    for (size_t i = 0; i < m.count; i++) {
        struct guid g = made_guid(MADE_EVENT, i);
        guid_format(&g, id);
        struct event *e = &m.items[order[i]].event;
        e->id = (struct span){id, GUID_TEXT_BYTES};
        floor_apply(f, e, now);
    }
    double took = seconds() - began;
    size_t bytes = mallinfo2().uordblks - before;
    printf("{\"chats\": %llu, \"events\": %zu, \"late_percent\": %llu, \"events_per_s\": %.0f, "
           "\"bytes_per_chat\": %.1f",
           (unsigned long long)chats, m.count, (unsigned long long)late, (double)m.count / took,
           (double)bytes / (double)chats);
    const char *views[] = {"today", "right_now", "queue", "agents"};
    for (int view = 0; view < 4 && late == 0; view++) {
        struct timing t = ask(f, view, start, start + span);
        printf(", \"%s_us\": {\"p50\": %.2f, \"p99\": %.2f, \"mean\": %.2f}", views[view], t.p50,
               t.p99, t.mean);
    }
    printf("}\n");
    floor_free(f);
    archive->close(archive);
    free(order);
    free(m.items);
    return 0;
}
