/* The index of ids against a plain table: through growth, removals, files, merges and
 * starts. */
#include "journal/id_index_filter.h"
#include "journal/id_index_job.h"
#include "unit/journal/id_model.h"

static void random_changes_agree_with_a_table(void **state)
{
    uint64_t seed = 99;
    char text[16];
    uint64_t held = 0;
    (void)state;
    struct model *m = model_new();
    struct id_index *x = id_index_new(model_verify, m);
    for (unsigned step = 0; step < 400000; step++) {
        unsigned number = dice(&seed, MODEL_IDS);
        struct span id = model_id(number, text);
        assert_int_equal(id_index_find(x, MODEL_SITE, id), m->sequence_of[number]);
        if (m->sequence_of[number] == 0) {
            model_add(m, x, number);
            held++;
        } else if (dice(&seed, 3) == 0) {
            id_index_remove(x, MODEL_SITE, id, m->sequence_of[number]);
            model_forget(m, number);
            held--;
        }
        assert_int_equal(id_index_count(x), held);
    }
    model_agrees(m, x);
    assert_int_equal(id_index_covered(x), 0);
    id_index_free(x);
    model_free(m);
}

static void sites_have_ids_of_their_own(void **state)
{
    (void)state;
    struct model *m = model_new();
    struct id_index *x = id_index_new(model_verify, m);
    model_add(m, x, 1);
    assert_int_equal(id_index_find(x, MODEL_SITE, SPAN("1")), 1);
    assert_int_equal(id_index_find(x, MODEL_SITE + 1, SPAN("1")), 0);
    id_index_free(x);
    model_free(m);
}

/* One group of the writer: some ids, new or not; it may fail, or get other sequences. */
static void write_group(struct model *m, struct id_index *x, uint64_t *seed)
{
    unsigned numbers[40], count = 0, wanted = 1 + dice(seed, 40);
    uint64_t first = m->last + 1, got = first;
    uint64_t hashes[40];
    char text[16];
    for (unsigned i = 0; i < wanted; i++) {
        unsigned number = dice(seed, MODEL_IDS);
        struct span id = model_id(number, text);
        assert_int_equal(id_index_find(x, MODEL_SITE, id), m->sequence_of[number]);
        if (m->sequence_of[number] != 0)
            continue;
        model_record(m, number, first + count);
        hashes[count] = id_index_hash(x, MODEL_SITE, id);
        numbers[count] = number;
        const struct id_query q = {hashes[count], MODEL_SITE, id};
        assert_int_equal(id_index_add_hash(x, hashes[count], first + count), 0);
        assert_int_equal(id_index_find_newest(x, &q), first + count);
        count++;
    }
    if (count == 0)
        return;
    bool failed = dice(seed, 8) == 0, moved = !failed && dice(seed, 8) == 0;
    for (unsigned i = 0; (failed || moved) && i < count; i++) {
        id_index_remove_hash(x, hashes[i], first + i);
        model_forget(m, numbers[i]);
    }
    if (failed || moved)
        m->last = first - 1;
    if (moved)
        got += dice(seed, 5);
    for (unsigned i = 0; moved && i < count; i++) {
        model_record(m, numbers[i], got + i);
        assert_int_equal(id_index_add_hash(x, hashes[i], got + i), 0);
    }
    if (!failed)
        id_index_committed(x, m->last);
}

static void retention(struct model *m, struct id_index *x, uint64_t *seed)
{
    char text[16];
    id_index_set_removed(x, ++m->removed_to, 0);
    for (unsigned i = 0; i < 30; i++) {
        unsigned number = dice(seed, MODEL_IDS);
        if (m->sequence_of[number] == 0)
            continue;
        id_index_remove(x, MODEL_SITE, model_id(number, text), m->sequence_of[number]);
        model_forget(m, number);
    }
}

/* Everything the writer does, over many files, merges and starts. */
static void random_groups_agree_over_files_and_starts(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 50, 300, 4000};
    for (unsigned round = 0; round < 4; round++) {
        uint64_t seed = 7 + round, most_runs = 0, covered = 0;
        struct model *m = model_new();
        struct id_index *x = model_open(m, sizes[round]);
        for (unsigned step = 0; step < (round == 0 ? 1000 : 4000); step++) {
            write_group(m, x, &seed);
            assert_true(id_index_covered(x) >= covered && id_index_covered(x) <= m->last);
            covered = id_index_covered(x);
            if (dice(&seed, 3) == 0)
                retention(m, x, &seed);
            if (dice(&seed, 50) == 0)
                id_index_settle(x);
            if (id_index_runs(x) > most_runs)
                most_runs = id_index_runs(x);
            if (dice(&seed, 400) == 0) {
                id_index_free(x);
                x = model_open(m, sizes[round]);
                model_refill(m, x);
                covered = id_index_covered(x);
                model_agrees(m, x);
            }
        }
        model_agrees(m, x);
        id_index_settle(x);
        model_agrees(m, x);
        assert_in_range(most_runs, 2, ID_RUNS_MAX); /* merges may lag behind … */
        assert_true(id_index_runs(x) < 16);         /* … but catch up */
        id_index_free(x);
        model_free(m);
    }
}

/* Sizes double from run to run: few runs whatever the number of ids. */
static void there_are_few_runs(void **state)
{
    (void)state;
    struct model *m = model_new();
    struct id_index *x = model_open(m, 100);
    for (unsigned number = 0; number < MODEL_IDS; number++) {
        model_add(m, x, number);
        if (number % 100 == 0)
            id_index_settle(x);
        assert_true(id_index_runs(x) <= 11); /* 2^10 > 600 */
    }
    id_index_settle(x);
    assert_true(id_index_covered(x) >= MODEL_IDS - 200);
    model_agrees(m, x);
    assert_int_equal(id_index_count(x), MODEL_IDS);
    assert_int_equal(m->said, 0);
    assert_int_equal(model_files(m, NULL, NULL), id_index_runs(x));
    id_index_free(x);
    model_free(m);
}

/* Ids above what is committed stay in memory, whatever else goes. */
static void only_committed_ids_go_to_files(void **state)
{
    (void)state;
    struct model *m = model_new();
    struct id_index *x = model_open(m, 100);
    char text[16];
    /* A second group is added before the first one is said to be committed. */
    for (unsigned number = 0; number < 300; number++) {
        model_record(m, number, number + 1);
        assert_int_equal(id_index_add(x, MODEL_SITE, model_id(number, text), number + 1), 0);
    }
    id_index_settle(x);
    assert_int_equal(id_index_covered(x), 0);
    id_index_committed(x, 200);
    id_index_settle(x);
    assert_int_equal(id_index_covered(x), 200);
    model_agrees(m, x);
    /* And the second one fails. */
    for (unsigned number = 200; number < 300; number++) {
        id_index_remove(x, MODEL_SITE, model_id(number, text), number + 1);
        model_forget(m, number);
    }
    m->last = 200;
    model_agrees(m, x);
    for (unsigned number = 300; number < 600; number++)
        model_add(m, x, number);
    id_index_settle(x);
    model_agrees(m, x);
    id_index_free(x);
    x = model_open(m, 100);
    model_refill(m, x);
    model_agrees(m, x);
    assert_int_equal(m->said, 0);
    id_index_free(x);
    model_free(m);
}

/* What is covered is passed over when it is added once more. */
static void adding_what_is_covered_changes_nothing(void **state)
{
    (void)state;
    struct model *m = model_new();
    struct id_index *x = model_open(m, 100);
    char text[16];
    for (unsigned number = 0; number < 1000; number++)
        model_add(m, x, number);
    id_index_settle(x);
    uint64_t count = id_index_count(x);
    for (uint64_t s = 1; s <= id_index_covered(x); s++)
        assert_int_equal(id_index_add(x, MODEL_SITE, model_id(m->number_at[s] - 1, text), s), 0);
    assert_int_equal(id_index_count(x), count);
    model_agrees(m, x);
    id_index_free(x);
    model_free(m);
}

/* Ids of sequences that the journal no longer has leave when runs are merged. */
static void ids_below_the_first_sequence_leave(void **state)
{
    (void)state;
    struct model *m = model_new();
    struct id_index *x = model_open(m, 100);
    unsigned number = 0;
    for (; number < 30000; number++)
        model_add(m, x, number);
    for (unsigned old = 0; old < 20000; old++)
        model_forget(m, old);
    id_index_set_removed(x, ++m->removed_to, 20001);
    for (; number < MODEL_IDS; number++) {
        model_add(m, x, number);
        if (number % 100 == 0)
            id_index_settle(x);
    }
    id_index_settle(x);
    model_agrees(m, x);
    assert_true(id_index_count(x) <= MODEL_IDS - 20000);
    /* All of a run may go; it still covers its sequences. */
    for (unsigned old = 20000; old < MODEL_IDS; old++)
        model_forget(m, old);
    id_index_set_removed(x, ++m->removed_to, m->last + 1);
    for (unsigned i = 0; i < 150; i++)
        model_add(m, x, i);
    model_agrees(m, x);
    id_index_free(x);
    x = model_open(m, 100);
    model_refill(m, x);
    model_agrees(m, x);
    id_index_free(x);
    model_free(m);
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Nothing is missed, and what is wrongly thought to be there is as rare as was reckoned. */
static void check_filter(struct id_filter_shape shape, unsigned ids, double most_errors)
{
    struct id_filter f;
    uint64_t seed = 3 + ids;
    unsigned errors = 0, asked = 200000;
    uint64_t *hashes = calloc(ids + 1, sizeof *hashes);
    assert_non_null(hashes);
    for (unsigned i = 0; i < ids; i++)
        hashes[i] = dice_next(&seed);
    qsort(hashes, ids, sizeof *hashes, by_hash);
    assert_true(id_filter_is_shape(&shape));
    assert_int_equal(id_filter_begin(&f, shape), 0);
    for (unsigned i = 0; i < ids; i++)
        id_filter_add(&f, hashes[i]);
    id_filter_finish(&f);
    for (unsigned i = 0; i < ids; i++) {
        id_filter_prefetch(&f, hashes[i]);
        assert_true(id_filter_has(&f, hashes[i] & ~UINT64_C(0xffff)));
    }
    for (unsigned i = 0; i < asked; i++)
        errors += id_filter_has(&f, dice_next(&seed));
    assert_true(errors <= most_errors * asked);
    id_filter_free(&f);
    free(hashes);
}

static void a_filter_misses_nothing_and_errs_seldom(void **state)
{
    (void)state;
    enum { IDS = 200000 };
    static const struct {
        unsigned bits;
        double errors;
    } cases[] = {{8, 0.03}, {11, 0.009}, {13, 0.0045}, {16, 0.00225}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_filter((struct id_filter_shape){.lines = IDS * cases[i].bits / 512}, IDS,
                     cases[i].errors);
    assert_int_equal(id_filter_shape_for(0, 100).lines, 1);
    check_filter(id_filter_shape_for(IDS, IDS), IDS, 0.019);    /* six columns */
    check_filter(id_filter_shape_for(IDS, IDS / 2), IDS, 0.07); /* four */
    for (unsigned ids = 0; ids < 30; ids++) /* and where segments are nearly empty, or full */
        check_filter((struct id_filter_shape){128, 8}, ids * ids * 8, 0.01);
    check_filter((struct id_filter_shape){64, 4}, 3 * ID_RIBBON_ROWS, 1);
}

static void a_ribbon_is_small(void **state)
{
    (void)state;
    for (uint64_t ids = 8u << 20; ids < UINT64_C(1) << 32; ids *= 2) {
        struct id_filter_shape shape = id_filter_shape_for(ids, ID_FILTER_RIBBON_IDS);
        assert_int_equal(shape.columns, 4);
        assert_in_range(id_filter_bytes(&shape) * 8, ids * 4, ids * 44 / 10);
        assert_true(id_filter_is_shape(&shape));
        shape.lines++;
        assert_false(id_filter_is_shape(&shape));
    }
    /* Too many for its segments. */
    assert_int_equal(id_filter_shape_for(UINT64_C(1) << 40, ID_FILTER_RIBBON_IDS).columns, 0);
    assert_false(id_filter_is_shape(&(struct id_filter_shape){0, 4}));
    assert_false(id_filter_is_shape(&(struct id_filter_shape){16 * 9, 9}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_agree_with_a_table),
        cmocka_unit_test(sites_have_ids_of_their_own),
        cmocka_unit_test(random_groups_agree_over_files_and_starts),
        cmocka_unit_test(there_are_few_runs),
        cmocka_unit_test(only_committed_ids_go_to_files),
        cmocka_unit_test(adding_what_is_covered_changes_nothing),
        cmocka_unit_test(ids_below_the_first_sequence_leave),
        cmocka_unit_test(a_filter_misses_nothing_and_errs_seldom),
        cmocka_unit_test(a_ribbon_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
