#include "floor/status_times.h"

#include "base/memory.h"
#include "floor/agent.h"
#include "floor/status_marks.h"

/* Changes of status from one row of sums to the next: as many as a row is wide, when an agent was
 * in so many statuses that rows would take more than the changes. */
#define STRIDE_LEAST 16u
#define LINE 64u

/* The changes that hold. Without deletions these are the marks; a life after a deletion begins
 * offline, and marks before it do not count. */
struct changes {
    const struct status_mark *at;
    size_t count;
};

static struct changes changes_of(const struct agent *a)
{
    if (a->deletions == 0)
        return (struct changes){a->marks, a->mark_count};
    return (struct changes){a->lives, a->life_count};
}

/* How many are before an instant. */
static size_t before(const struct status_mark *marks, size_t count, int64_t t)
{
    return t == INT64_MIN ? 0 : status_marks_until(marks, count, t - 1);
}

uint32_t status_times_own(struct agent *a, uint32_t status)
{
    for (uint32_t i = 0; i < a->status_count; i++)
        if (a->statuses[i] == status)
            return i;
    a->statuses =
        memory_grow(a->statuses, &a->status_cap, a->status_count + 1, sizeof *a->statuses);
    a->statuses[a->status_count] = status;
    return (uint32_t)a->status_count++;
}

static void life_add(struct agent *a, int64_t t)
{
    uint32_t own = status_times_own(a, agent_status_at(a, t));
    if (a->life_count > 0 && a->lives[a->life_count - 1].own == own)
        return;
    a->lives = memory_grow(a->lives, &a->life_cap, a->life_count + 1, sizeof *a->lives);
    a->lives[a->life_count++] = (struct status_mark){.time_us = t, .own = own};
}

/* The changes that hold from an instant on, of an agent that was deleted once. */
static void lives_build(struct agent *a, int64_t from_us)
{
    a->life_count = before(a->lives, a->life_count, from_us);
    size_t mark = before(a->marks, a->mark_count, from_us), version = a->version_count;
    while (version > 0 && a->versions[version - 1].time_us >= from_us)
        version--;
    while (mark < a->mark_count || version < a->version_count) {
        int64_t t = mark < a->mark_count ? a->marks[mark].time_us : INT64_MAX;
        if (version < a->version_count && a->versions[version].time_us < t)
            t = a->versions[version].time_us;
        while (mark < a->mark_count && a->marks[mark].time_us == t)
            mark++;
        while (version < a->version_count && a->versions[version].time_us == t)
            version++;
        life_add(a, t);
    }
}

static size_t stride_of(const struct agent *a)
{
    return a->row_width > STRIDE_LEAST ? a->row_width : STRIDE_LEAST;
}

/* Fills a row, given the one before it and the change that it is at. */
static void row_fill(const struct agent *a, int64_t *row, const struct status_mark *change)
{
    memcpy(row, row - a->row_width, a->row_width * sizeof *row);
    for (size_t i = stride_of(a); i > 0; i--)
        row[1 + change[-(ptrdiff_t)i].own] +=
            change[1 - (ptrdiff_t)i].time_us - change[-(ptrdiff_t)i].time_us;
}

/* A row for each change after a stride: its time, then the time in each status before it. */
static void rows_build(struct agent *a, int64_t from_us)
{
    struct changes c = changes_of(a);
    bool wider = a->row_width < 1 + a->status_count;
    while (a->row_width < 1 + a->status_count)
        a->row_width = 1 + (a->row_width == 0 ? 2 : 2 * (a->row_width - 1));
    size_t stride = stride_of(a), row = 0;
    a->row_count = (c.count + stride - 1) / stride;
    a->rows = memory_grow(a->rows, &a->row_cap, a->row_count * a->row_width, sizeof *a->rows);
    if (!wider)
        row = (before(c.at, c.count, from_us) + stride - 1) / stride;
    for (; row < a->row_count; row++) {
        int64_t *to = a->rows + row * a->row_width;
        if (row == 0)
            memset(to, 0, a->row_width * sizeof *to);
        else
            row_fill(a, to, c.at + row * stride);
        to[0] = c.at[row * stride].time_us;
    }
}

void status_times_changed(struct agent *a, int64_t from_us)
{
    if (a->deletions > 0) {
        if (a->life_count == 0)
            from_us = INT64_MIN; /* the first deletion */
        lives_build(a, from_us);
    }
    rows_build(a, from_us);
}

void status_times_clear(struct agent *a)
{
    memory_free(a->statuses);
    memory_free(a->lives);
    memory_free(a->rows);
}

/* --- questions --- */

/* A question on its way: the last row at or before its instant is among `left` from `row` on. */
struct way {
    size_t row, left;
};

#define SIDE_BY_SIDE 64u

static const int64_t *row_at(const struct agent *a, size_t row)
{
    return a->rows + row * a->row_width;
}

/* Halves what is left, and asks for the row that decides next. False at the end. */
static bool way_step(struct way *way, const struct status_ask *ask)
{
    size_t half = way->left / 2, middle = way->row + half;
    if (half == 0)
        return false;
    way->row = *row_at(ask->agent, middle) <= ask->time_us ? middle : way->row;
    way->left -= half;
    __builtin_prefetch(row_at(ask->agent, way->row + way->left / 2));
    return true;
}

/* Asks for the changes after the row that was found. */
static void way_prefetch(const struct way *way, const struct agent *a)
{
    const char *from = (const char *)(changes_of(a).at + way->row * stride_of(a));
    for (size_t i = 0; i < STRIDE_LEAST * sizeof(struct status_mark); i += LINE)
        __builtin_prefetch(from + i);
}

/* The changes from the row that was found on up to an instant; none before the first. */
static struct changes way_changes(const struct way *way, const struct status_ask *ask)
{
    struct changes c = {NULL, 0}, all = changes_of(ask->agent);
    if (ask->agent->row_count == 0 || *row_at(ask->agent, way->row) > ask->time_us)
        return c;
    c.at = all.at + way->row * stride_of(ask->agent);
    for (c.count = 1; c.at + c.count < all.at + all.count; c.count++)
        if (c.at[c.count].time_us > ask->time_us)
            break;
    return c;
}

/* How long the i-th of them held, before the instant. */
static int64_t held_us(const struct changes *c, size_t i, int64_t time_us)
{
    return (i + 1 < c->count ? c->at[i + 1].time_us : time_us) - c->at[i].time_us;
}

static void way_end(const struct way *way, struct status_ask *ask)
{
    const struct agent *a = ask->agent;
    struct changes c = way_changes(way, ask);
    if (a->status_count > 0)
        memset(ask->us, 0, a->status_count * sizeof *ask->us);
    ask->status = STATUS_NUMBER_OFFLINE;
    if (c.count == 0)
        return;
    memcpy(ask->us, row_at(a, way->row) + 1, a->status_count * sizeof *ask->us);
    for (size_t i = 0; i < c.count; i++)
        ask->us[c.at[i].own] += held_us(&c, i, ask->time_us);
    ask->status = a->statuses[c.at[c.count - 1].own];
}

static void round_before(struct status_ask *asks, size_t n)
{
    struct way ways[SIDE_BY_SIDE];
    for (size_t i = 0; i < n; i++) {
        const struct agent *a = asks[i].agent;
        ways[i] = (struct way){0, a->row_count};
        if (a->row_count > 0)
            __builtin_prefetch(row_at(a, a->row_count / 2));
    }
    for (bool any = true; any;) {
        any = false;
        for (size_t i = 0; i < n; i++)
            any |= way_step(&ways[i], &asks[i]);
    }
    for (size_t i = 0; i < n; i++)
        if (asks[i].agent->row_count > 0)
            way_prefetch(&ways[i], asks[i].agent);
    for (size_t i = 0; i < n; i++)
        way_end(&ways[i], &asks[i]);
}

static bool is_logged_in(const struct floor *f, const struct agent *a, size_t own)
{
    return f->statuses[a->statuses[own]].kind != STATUS_OFFLINE;
}

void status_times_before(struct status_ask *asks, size_t n)
{
    for (size_t done = 0; done < n; done += SIDE_BY_SIDE)
        round_before(asks + done, n - done < SIDE_BY_SIDE ? n - done : SIDE_BY_SIDE);
}

int64_t status_times_logged_in(const struct floor *f, const struct agent *a, int64_t time_us)
{
    struct way way = {0, a->row_count};
    struct status_ask ask = {.agent = a, .time_us = time_us};
    int64_t us = 0;
    while (way_step(&way, &ask)) {
    }
    struct changes c = way_changes(&way, &ask);
    for (size_t i = 0; i < a->status_count && c.count > 0; i++)
        us += is_logged_in(f, a, i) ? row_at(a, way.row)[1 + i] : 0;
    for (size_t i = 0; i < c.count; i++)
        us += is_logged_in(f, a, c.at[i].own) ? held_us(&c, i, time_us) : 0;
    return us;
}
