#include "http/turn.h"
#include "support/check.h"

/* What a naive reader of docs/decisions/0010 remembers. */
struct known {
    bool there;
    uint64_t number;
    char answer[64];
};

#define HEADS 300u /* more than places: some share one */

static struct span head_of(unsigned n, char out[64])
{
    int len = snprintf(out, 64, "GET /%u HTTP/1.1\r\nHost: %u\r\n\r\n", n, n % 7);
    return (struct span){out, (size_t)len};
}

static void no_other_answers_than_a_naive_memory_gives(void **state)
{
    static struct turn t;
    static struct known known[HEADS];
    uint64_t made = 0, least = 0, found = 0, seed = 7;
    (void)state;
    for (unsigned step = 0; step < 200000; step++) {
        char head_text[64], answer[64];
        unsigned n = dice(&seed, HEADS), what = dice(&seed, 100);
        struct span head = head_of(n, head_text);
        if (what == 0) {
            turn_close(&t);
            assert_null(turn_find(&t, head, turn_hash(head)));
            turn_open(&t);
            for (unsigned i = 0; i < HEADS; i++)
                known[i].there = false;
            made = least = 0;
        } else if (what < 20) {
            turn_next(&t);
            least = 0;
        } else if (t.open) {
            const struct turn_answer *a = turn_find(&t, head, turn_hash(head));
            if (a != NULL) { /* a place may have been taken by another: NULL is always right */
                assert_true(known[n].there && known[n].number >= least);
                assert_true(span_equal(turn_bytes(&t, a), span_of(known[n].answer)));
                assert_int_equal(a->status, 200 + (int)(n % 50));
                assert_ptr_equal(a->user, &known[n]);
                least = known[n].number;
                found++;
                continue;
            }
            turn_made(&t);
            least = ++made;
            snprintf(answer, sizeof answer, "answer %u of %u", step, n);
            turn_keep(&t, head, turn_hash(head), span_of(answer), 200 + (int)(n % 50), &known[n]);
            known[n] = (struct known){.there = true, .number = made};
            snprintf(known[n].answer, sizeof known[n].answer, "%s", answer);
        }
    }
    assert_true(found > 100);
    turn_free(&t);
}

static void a_connection_is_not_taken_back(void **state)
{
    static struct turn t;
    struct span one = SPAN("one"), two = SPAN("two");
    (void)state;
    turn_open(&t);
    turn_made(&t);
    turn_keep(&t, one, turn_hash(one), SPAN("1"), 200, NULL);
    turn_made(&t);
    turn_keep(&t, two, turn_hash(two), SPAN("2"), 200, NULL);
    assert_null(turn_find(&t, one, turn_hash(one))); /* it has seen the second */
    turn_next(&t);
    assert_non_null(turn_find(&t, one, turn_hash(one)));
    assert_non_null(turn_find(&t, one, turn_hash(one)));
    assert_non_null(turn_find(&t, two, turn_hash(two)));
    assert_null(turn_find(&t, one, turn_hash(one)));
    turn_free(&t);
}

static void large_answers_are_not_kept(void **state)
{
    static struct turn t;
    static char large[TURN_BYTES + 1];
    struct span head = SPAN("head"), other = SPAN("other");
    (void)state;
    turn_open(&t);
    turn_made(&t);
    turn_keep(&t, head, turn_hash(head), (struct span){large, sizeof large}, 200, NULL);
    assert_null(turn_find(&t, head, turn_hash(head)));
    turn_keep(&t, head, turn_hash(head), (struct span){large, TURN_BYTES - head.len}, 200, NULL);
    assert_non_null(turn_find(&t, head, turn_hash(head)));
    turn_keep(&t, other, turn_hash(other), SPAN(""), 200, NULL);
    assert_null(turn_find(&t, other, turn_hash(other)));
    turn_close(&t);
    turn_keep(&t, other, turn_hash(other), SPAN(""), 200, NULL);
    assert_null(turn_find(&t, head, turn_hash(head)));
    turn_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_other_answers_than_a_naive_memory_gives),
        cmocka_unit_test(a_connection_is_not_taken_back),
        cmocka_unit_test(large_answers_are_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
