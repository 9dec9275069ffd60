/* Measures the floor inside the process: applying events, bytes for each chat, and the
 * time of each answer for windows and instants all over the history.
 *
 *   floor_bench CHATS [AGENTS [LATE_PERCENT]]
 *
 * Prints one line of JSON about the floor. Then, for each line "VIEW QUESTIONS" on standard
 * input (today, right_now, queue, agents, agents_now), asks so many questions and prints
 * their times: so two processes can be asked in turn. For a line "image TIMES" it saves the
 * floor to a file and goes on with what it loads from there, so many times, and prints the
 * quickest of each. The floor is a made one (made_floor.h); more chats are a longer history,
 * not more of them at once. */
#include "answer/answer.h"
#include "base/image.h"
#include "base/instant.h"
#include "floor/state.h"
#include "journal/file_archive.h"
#include "made_floor.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* A chat every 2.6 s, however many there are: a million are 30 days. */
#define US_PER_CHAT 2592000
#define QUESTIONS_MAX 1000000

enum view { TODAY, RIGHT_NOW, QUEUE, AGENTS, AGENTS_NOW, VIEWS };
static const char *const view_names[VIEWS] = {"today", "right_now", "queue", "agents",
                                              "agents_now"};

struct bench {
    struct floor_settings settings;
    struct floor *floor;
    struct arena *arena;
    int64_t start_us, now_us;
    double *us;
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A question of a random window (Today, Agents) or instant; or about now. */
static struct question random_question(const struct bench *b, enum view view)
{
    uint64_t span = (uint64_t)(b->now_us - b->start_us);
    int64_t one = b->start_us + (int64_t)made_dice(span);
    int64_t other = b->start_us + (int64_t)made_dice(span);
    return (struct question){.now_us = b->now_us,
                             .horizon_us = INT64_MIN,
                             .has_start = view == TODAY || view == AGENTS,
                             .has_end = view != AGENTS_NOW,
                             .start_us = one < other ? one : other,
                             .end_us = one < other ? other : one,
                             .page_index = 1,
                             .page_size = 1000,
                             .status_distribution = true};
}

static void ask(struct bench *b, enum view view, size_t questions)
{
    struct today today;
    struct right_now right_now;
    struct queue_list queue;
    struct agents_page agents;
    double mean = 0;
    for (size_t i = 0; i < questions; i++) {
        struct question q = random_question(b, view);
        int failed = 0;
        double before = seconds();
        if (view == TODAY)
            answer_today(b->floor, &q, &today);
        else if (view == RIGHT_NOW)
            answer_right_now(b->floor, &q, &right_now);
        else if (view == QUEUE)
            failed = answer_queue(b->floor, &q, b->arena, &queue);
        else
            failed = answer_agents(b->floor, &q, b->arena, &agents);
        b->us[i] = (seconds() - before) * 1e6;
        mean += b->us[i] / (double)questions;
        arena_reset(b->arena);
        if (failed != 0) {
            fprintf(stderr, "floor_bench: no memory for an answer\n");
            exit(1);
        }
    }
    qsort(b->us, questions, sizeof *b->us, by_double);
    printf("{\"view\": \"%s\", \"p50\": %.3f, \"p99\": %.3f, \"mean\": %.3f}\n", view_names[view],
           b->us[questions / 2], b->us[questions * 99 / 100], mean);
    fflush(stdout);
}

static void apply_agents(struct bench *b, uint64_t agents)
{
    struct guid departments[2];
    struct event e;
    char id[32];
    for (uint64_t i = 0; i < agents; i++) {
        made_agent(i, b->start_us, departments, &e);
        e.id = (struct span){id, (size_t)snprintf(id, sizeof id, "a%llu", (unsigned long long)i)};
        floor_apply(b->floor, &e, b->now_us);
    }
}

static void apply_events(struct bench *b, const struct made *m)
{
    char id[GUID_TEXT_BYTES];
    struct event e;
    for (size_t i = 0; i < m->count; i++) {
        struct guid g = made_guid(MADE_EVENT, i);
        guid_format(&g, id);
        made_expand(&m->items[i], &e);
        e.id = (struct span){id, sizeof id};
        floor_apply(b->floor, &e, b->now_us);
    }
}

static size_t bytes_in_use(void)
{
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

/* What a question of RightNow has its answer from. */
static size_t right_now_bytes(const struct floor *f)
{
    return timeline_bytes(&f->presence) + timeline_bytes(&f->load) + timeline_bytes(&f->on_site);
}

static void save_and_load(struct bench *b, unsigned long times)
{
    FILE *file = tmpfile();
    double save_s = 0, load_s = 0;
    size_t before = bytes_in_use(), after = 0;
    struct stat status = {0};
    for (unsigned long i = 0; i < times; i++) {
        struct image *io = file != NULL ? image_save(fileno(file)) : NULL;
        if (io == NULL)
            exit(1);
        double began = seconds();
        floor_save(b->floor, io);
        int failed = image_close(io);
        double saved = seconds();
        floor_free(b->floor);
        malloc_trim(0); /* what is loaded comes into fresh memory, as at a start */
        io = image_load(fileno(file));
        double loads = seconds();
        b->floor = floor_load(&b->settings, io);
        failed |= image_close(io);
        double loaded = seconds();
        if (failed != 0 || fstat(fileno(file), &status) != 0)
            exit(1);
        save_s = i == 0 || saved - began < save_s ? saved - began : save_s;
        load_s = i == 0 || loaded - loads < load_s ? loaded - loads : load_s;
        after = bytes_in_use();
    }
    printf("{\"image_bytes\": %lld, \"save_ms\": %.1f, \"load_ms\": %.1f, "
           "\"bytes_before\": %zu, \"bytes_after\": %zu}\n",
           (long long)status.st_size, save_s * 1e3, load_s * 1e3, before, after);
    fflush(stdout);
    fclose(file);
}

static void answer_lines(struct bench *b)
{
    char line[64], name[32];
    unsigned long questions;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "image %lu", &questions) == 1)
            save_and_load(b, questions);
        for (int view = 0; view < VIEWS; view++)
            if (sscanf(line, "%31s %lu", name, &questions) == 2 && questions > 0 &&
                questions <= QUESTIONS_MAX && strcmp(name, view_names[view]) == 0)
                ask(b, (enum view)view, questions);
    }
}

int main(int argc, char **argv)
{
    struct made_plan plan = {.chats = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000,
                             .agents = argc > 2 ? strtoull(argv[2], NULL, 10) : 100,
                             .late_percent = argc > 3 ? strtoull(argv[3], NULL, 10) : 0,
                             .start_us = 1700000000LL * US_PER_SECOND};
    plan.span_us = (int64_t)plan.chats * US_PER_CHAT;
    struct bench b = {.start_us = plan.start_us, .now_us = plan.start_us + plan.span_us};
    struct made m = {0};
    b.us = malloc(QUESTIONS_MAX * sizeof *b.us);
    b.arena = arena_new();
    struct archive *archive;
    struct problem problem;
    if (file_archive_open("/tmp", &archive, &problem) < 0) {
        fprintf(stderr, "%s\n", problem.message);
        return 1;
    }
    b.settings = (struct floor_settings){
        .site_id = 1, .visitor_timeout_us = 120 * US_PER_SECOND, .archive = archive};
    b.floor = floor_new(&b.settings);
    if (b.us == NULL || b.arena == NULL || b.floor == NULL || plan.chats == 0 || plan.agents == 0 ||
        plan.agents > UINT16_MAX)
        return 1;
    made_events(&m, &plan);
    size_t before = bytes_in_use();
    apply_agents(&b, plan.agents);
    double began = seconds();
    apply_events(&b, &m);
    double took = seconds() - began;
    size_t bytes = bytes_in_use() - before;
    printf("{\"chats\": %llu, \"agents\": %llu, \"events\": %zu, \"late_percent\": %llu, "
           "\"events_per_s\": %.0f, \"bytes_per_chat\": %.1f, \"right_now_bytes\": %zu}\n",
           (unsigned long long)plan.chats, (unsigned long long)plan.agents, m.count,
           (unsigned long long)plan.late_percent, (double)m.count / took,
           (double)bytes / (double)plan.chats, right_now_bytes(b.floor));
    fflush(stdout);
    free(m.items);
    malloc_trim(0);
    answer_lines(&b);
    floor_free(b.floor);
    archive->close(archive);
    arena_free(b.arena);
    free(b.us);
    return 0;
}
