/* Times in statuses against counting instant by instant: marks in any order, many statuses, and
 * deletions. */
#include "floor/status_times.h"

#include "floor/agent.h"
#include "floor/status_marks.h"
#include "support/check.h"

#define END 3000u /* instants 0, 1, 2… */
#define STATUSES 60u
#define MARKS 500u
#define DELETIONS 4u

struct plain {
    uint32_t at[END];  /* number of the status that a mark sets, +1; 0: none */
    bool deleted[END]; /* at that instant */
    uint32_t status[END];
};

/* What holds at each instant: a life begins offline. */
static void plain_settle(struct plain *p)
{
    uint32_t status = STATUS_NUMBER_OFFLINE;
    for (uint32_t t = 0; t < END; t++) {
        if (p->deleted[t] || (t > 0 && p->deleted[t - 1]))
            status = STATUS_NUMBER_OFFLINE;
        if (p->at[t] != 0 && !p->deleted[t])
            status = p->at[t] - 1;
        p->status[t] = status;
    }
}

static void check_at(const struct agent *a, const struct plain *p, struct status_ask *ask)
{
    uint32_t t = (uint32_t)ask->time_us;
    int64_t held[STATUSES] = {0}, in_all = 0;
    for (uint32_t i = 0; i < t; i++)
        held[p->status[i]]++;
    assert_int_equal(ask->status, p->status[t]);
    for (size_t i = 0; i < a->status_count; i++)
        if (a->statuses[i] != STATUS_NUMBER_OFFLINE) {
            assert_int_equal(ask->us[i], held[a->statuses[i]]);
            in_all += ask->us[i];
        }
    assert_int_equal(in_all, t - held[STATUS_NUMBER_OFFLINE]); /* none is missing */
}

static void check(const struct floor *f, const struct agent *a, const struct plain *p,
                  uint64_t *seed)
{
    enum { ASKS = 100 };
    static int64_t us[ASKS][STATUSES];
    struct status_ask asks[ASKS];
    for (size_t i = 0; i < ASKS; i++)
        asks[i] = (struct status_ask){.agent = a, .time_us = dice(seed, END), .us = us[i]};
    status_times_before(asks, ASKS);
    for (size_t i = 0; i < ASKS; i++)
        check_at(a, p, &asks[i]);
    int64_t logged_in = 0;
    for (uint32_t t = 0; t + 1 < END; t++) {
        if (t % 97 == 0)
            assert_int_equal(status_times_logged_in(f, a, t), logged_in);
        logged_in += f->statuses[p->status[t]].kind != STATUS_OFFLINE;
    }
}

static struct agent_version versions[2 * DELETIONS];

/* Away and back, `count` times. */
static void delete_some(struct agent *a, struct plain *p, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t from = 300 + 600 * i, to = from + 150;
        versions[2 * i] = (struct agent_version){
            .time_us = from, .life_us = i > 0 ? from - 450 : INT64_MIN, .deleted = true};
        versions[2 * i + 1] = (struct agent_version){.time_us = to, .life_us = to};
        for (uint32_t t = from; t < to; t++)
            p->deleted[t] = true;
    }
    a->versions = versions;
    a->version_count = 2 * (size_t)count;
    a->deletions = count;
    plain_settle(p);
    status_times_changed(a, INT64_MIN);
}

static void mark(struct agent *a, struct plain *p, uint32_t t, uint32_t status)
{
    p->at[t] = status + 1;
    plain_settle(p);
    size_t at = 0;
    while (at < a->mark_count && a->marks[at].time_us <= t)
        at++;
    status_marks_insert(a, NULL, at, t, (struct span){NULL, 0}, status);
    status_times_changed(a, t);
}

static void play(uint32_t statuses, uint32_t deletions, bool in_order, uint64_t seed)
{
    static struct plain p;
    static struct status kinds[STATUSES];
    struct floor f = {.statuses = kinds};
    struct agent a;
    p = (struct plain){0};
    for (uint32_t i = 0; i < STATUSES; i++)
        kinds[i].kind = i % 5 == STATUS_NUMBER_OFFLINE ? STATUS_OFFLINE : STATUS_ONLINE;
    agent_init(&a);
    plain_settle(&p);
    check(&f, &a, &p, &seed);
    for (uint32_t i = 0; i < MARKS; i++) {
        uint32_t t = in_order ? i * (END / MARKS) : dice(&seed, END);
        mark(&a, &p, t, dice(&seed, statuses));
        if (i == MARKS / 2)
            delete_some(&a, &p, deletions);
        if (i % 23 == 0 || i == MARKS - 1)
            check(&f, &a, &p, &seed);
    }
    a.versions = NULL;
    a.version_count = 0;
    agent_clear(&a);
}

static void agree_with_counting(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 4; seed++) {
        play(3, 0, true, seed);
        play(3, 0, false, seed);
        play(3, DELETIONS, false, seed);
        play(5, 1, true, seed);
        play(STATUSES, 0, false, seed);
        play(STATUSES, DELETIONS, false, seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agree_with_counting)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
