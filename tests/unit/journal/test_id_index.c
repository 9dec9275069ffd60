/* The index of ids against a plain table, through growth and removals. */
#include "journal/id_index.h"
#include "support/check.h"

#define IDS 60000u

static uint64_t sequences[IDS]; /* by number of the id; 0: not there */
static unsigned verified;

static struct span id_of(unsigned number, char *out)
{
    return (struct span){out, (size_t)snprintf(out, 16, "%u", number)};
}

static bool verify(void *data, uint64_t sequence, int64_t site_id, struct span id)
{
    (void)data;
    verified++;
    /* The id's text is its number. */
    return site_id == 5 && sequences[strtoul(id.data, NULL, 10)] == sequence;
}

static void random_changes_agree_with_a_table(void **state)
{
    uint64_t seed = 99, next = 1, held = 0;
    char text[16];
    (void)state;
    struct id_index *x = id_index_new(verify, NULL);
    for (unsigned step = 0; step < 400000; step++) {
        unsigned number = dice(&seed, IDS);
        struct span id = id_of(number, text);
        assert_int_equal(id_index_find(x, 5, id), sequences[number]);
        if (sequences[number] == 0) {
            sequences[number] = next;
            held++;
            assert_int_equal(id_index_add(x, 5, id, next++), 0);
        } else if (dice(&seed, 3) == 0) {
            id_index_remove(x, 5, id, sequences[number]);
            sequences[number] = 0;
            held--;
        }
        assert_int_equal(id_index_count(x), held);
    }
    for (unsigned number = 0; number < IDS; number++)
        assert_int_equal(id_index_find(x, 5, id_of(number, text)), sequences[number]);
    assert_true(verified > 0);
    id_index_free(x);
}

static void sites_have_ids_of_their_own(void **state)
{
    (void)state;
    struct id_index *x = id_index_new(verify, NULL);
    sequences[1] = 1;
    id_index_add(x, 5, SPAN("1"), 1);
    assert_int_equal(id_index_find(x, 5, SPAN("1")), 1);
    assert_int_equal(id_index_find(x, 6, SPAN("1")), 0);
    id_index_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_agree_with_a_table),
        cmocka_unit_test(sites_have_ids_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
