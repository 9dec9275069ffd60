/* metrics.md §7. */
#include "answer/names.h"
#include "answer/window.h"
#include "base/instant.h"
#include "floor/agent.h"
#include "floor/status_times.h"

#include <stdlib.h>

/* The local midnight at or before t. */
static int64_t local_midnight(int64_t t, int32_t utc_offset_min)
{
    int64_t offset = utc_offset_min * US_PER_MINUTE, local = t + offset;
    int64_t into_day = local % US_PER_DAY;
    if (into_day < 0)
        into_day += US_PER_DAY;
    return local - into_day - offset;
}

struct entry {
    struct span name;
    const struct guid *id;
    uint32_t number;
};

static int by_name(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = span_compare(x->name, y->name);
    return order != 0 ? order : guid_compare(x->id, y->id);
}

/* The agents that the question is about, in order. */
static int entries_collect(const struct floor *f, const struct question *q, struct arena *arena,
                           struct entry **out, size_t *count)
{
    int64_t t = question_instant(q);
    uint32_t department = q->has_department ? question_department(f, q) : NONE;
    struct entry *entries = arena_alloc(arena, (f->agent_ids.count + 1) * sizeof *entries);
    if (entries == NULL)
        return -1;
    *count = 0;
    *out = entries;
    if (q->has_department && department == NONE)
        return 0;
    for (uint32_t i = 0; i < f->agent_ids.count; i++) {
        const struct agent *a = &f->agents[i];
        const struct guid *id = &f->agent_ids.guids[i];
        if ((q->has_agent && !guid_equal(id, &q->agent)) ||
            (q->has_department && !agent_is_member(a, department, t)) || !agent_exists_at(a, t))
            continue;
        struct entry *e = &entries[(*count)++];
        *e = (struct entry){.id = id, .number = i};
        if (name_of_agent(f, i, t, arena, &e->name) < 0)
            return -1;
    }
    qsort(entries, *count, sizeof *entries, by_name);
    return 0;
}

static int by_status(const void *a, const void *b)
{
    return guid_compare(&((const struct status_time *)a)->status,
                        &((const struct status_time *)b)->status);
}

/* What the lines of one agent say before the window's ends, and with its last instant. */
struct sums {
    int64_t from[B_WIDTH], to[B_WIDTH], at[B_WIDTH];
    int64_t *status_from, *status_to; /* of each of its statuses */
    uint32_t status;                  /* at the last instant */
};

/* Agents asked about at a time. */
#define ROUND 32u

/* The time of a round of agents in each of their statuses. */
static int ask_statuses(const struct floor *f, const struct entry *entries, size_t count,
                        int64_t start, int64_t end, struct arena *arena, struct sums *sums)
{
    struct status_ask asks[2 * ROUND];
    for (size_t i = 0; i < count; i++) {
        const struct agent *a = &f->agents[entries[i].number];
        int64_t *us = arena_alloc(arena, (2 * a->status_count + 1) * sizeof *us);
        if (us == NULL)
            return -1;
        sums[i].status_from = us;
        sums[i].status_to = us + a->status_count;
        asks[2 * i] = (struct status_ask){.agent = a, .time_us = start, .us = us};
        asks[2 * i + 1] = (struct status_ask){a, end, sums[i].status_to, 0};
    }
    status_times_before(asks, 2 * count);
    for (size_t i = 0; i < count; i++)
        sums[i].status = asks[2 * i + 1].status;
    return 0;
}

/* The sums of a round of agents: all lines side by side, so that their misses overlap. */
static int ask_round(const struct floor *f, const struct question *q, const struct entry *entries,
                     size_t count, int64_t start, struct arena *arena, struct sums *sums)
{
    struct timeline_ask asks[3 * ROUND];
    int64_t end = question_instant(q);
    for (size_t i = 0; i < count; i++) {
        const struct agent *a = &f->agents[entries[i].number];
        asks[3 * i] = (struct timeline_ask){&a->busy, start, sums[i].from, false};
        asks[3 * i + 1] = (struct timeline_ask){&a->busy, end, sums[i].to, false};
        asks[3 * i + 2] = (struct timeline_ask){&a->busy, end + 1, sums[i].at, true};
        if (!q->status_distribution)
            sums[i].status = agent_status_at(a, end);
    }
    timeline_before_all(asks, 3 * count);
    return q->status_distribution ? ask_statuses(f, entries, count, start, end, arena, sums) : 0;
}

static int tell_distribution(const struct floor *f, const struct agent *a, const struct sums *sums,
                             int64_t start, int64_t end, struct arena *arena,
                             struct agent_line *line)
{
    struct status_time *times = arena_alloc(arena, (a->status_count + 1) * sizeof *times);
    if (times == NULL)
        return -1;
    size_t count = 0;
    int64_t offline = end - start; /* what the others leave */
    for (size_t i = 0; i < a->status_count; i++) {
        int64_t us = sums->status_to[i] - sums->status_from[i];
        if (us == 0 || a->statuses[i] == STATUS_NUMBER_OFFLINE)
            continue;
        offline -= us;
        times[count++] = (struct status_time){f->status_ids.guids[a->statuses[i]], us};
    }
    if (offline > 0)
        times[count++] = (struct status_time){STATUS_ID_OFFLINE, offline};
    qsort(times, count, sizeof *times, by_status);
    line->distribution = times;
    line->distribution_count = count;
    return 0;
}

static int tell_agent(const struct floor *f, const struct question *q, const struct entry *e,
                      int64_t start, const struct sums *sums, struct arena *arena,
                      struct agent_line *line)
{
    const struct agent *a = &f->agents[e->number];
    int64_t end = question_instant(q);
    const struct agent_version *v = agent_version_at(a, end);
    *line = (struct agent_line){
        .id = *e->id,
        .display_name = e->name,
        .status = f->status_ids.guids[sums->status],
        .ongoing_chats = sums->at[B_CHATS],
        .max_concurrent = v != NULL ? v->max_concurrent : 0,
    };
    if (start >= end)
        return 0;
    line->linear_chat_us = integral(sums->from + B_IN_CHAT, sums->to + B_IN_CHAT, start, end);
    line->intraday_chats =
        sums->to[B_JOINS] - sums->from[B_JOINS] - link_set_within(a->rejoins, start, end).count;
    return q->status_distribution ? tell_distribution(f, a, sums, start, end, arena, line) : 0;
}

static int tell_page(const struct floor *f, const struct question *q, const struct entry *entries,
                     size_t count, int64_t start, struct arena *arena, struct agent_line *lines)
{
    struct sums sums[ROUND];
    for (size_t done = 0; done < count;) {
        size_t round = count - done < ROUND ? count - done : ROUND;
        if (ask_round(f, q, entries + done, round, start, arena, sums) < 0)
            return -1;
        for (size_t i = 0; i < round; i++, done++)
            if (tell_agent(f, q, &entries[done], start, &sums[i], arena, &lines[done]) < 0)
                return -1;
    }
    return 0;
}

int answer_agents(const struct floor *f, const struct question *q, struct arena *arena,
                  struct agents_page *out)
{
    int64_t t = question_instant(q);
    int64_t start =
        question_start(q, q->has_start ? q->start_us : local_midnight(t, q->utc_offset_min));
    struct entry *entries;
    size_t count;
    if (entries_collect(f, q, arena, &entries, &count) < 0)
        return -1;
    size_t size = (size_t)q->page_size, first = ((size_t)q->page_index - 1) * size;
    size_t last = first + size < count ? first + size : count;
    if (first > last)
        first = last;
    struct agent_line *lines = arena_alloc(arena, (last - first + 1) * sizeof *lines);
    if (lines == NULL)
        return -1;
    if (tell_page(f, q, entries + first, last - first, start, arena, lines) < 0)
        return -1;
    *out = (struct agents_page){
        .total = (int64_t)count,
        .page_count = (int64_t)((count + size - 1) / size),
        .page_index = q->page_index,
        .page_size = q->page_size,
        .lines = lines,
        .line_count = last - first,
    };
    return 0;
}
