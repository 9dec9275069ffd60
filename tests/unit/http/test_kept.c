/* Kept answers against a naive memory. */
#include "http/kept.h"
#include "http/turn.h"
#include "support/check.h"

#include <string.h>

#define HEADS 100u /* more than places: some share one */

struct known {
    bool there;
    int64_t date_s;
    char answer[64];
};

static struct span head_of(unsigned n, char out[64])
{
    int len = snprintf(out, 64, "GET /%u HTTP/1.1\r\nHost: %u\r\n\r\n", n, n % 7);
    return (struct span){out, (size_t)len};
}

static void no_other_answers_than_a_naive_memory_gives(void **state)
{
    static struct kept k;
    static struct known known[HEADS];
    uint64_t seed = 11, found = 0;
    int64_t second = 0;
    (void)state;
    for (unsigned step = 0; step < 200000; step++) {
        char text[64];
        unsigned n = dice(&seed, HEADS);
        struct span head = head_of(n, text);
        second += dice(&seed, 1000) == 0;
        const struct kept_answer *a = kept_find(&k, head, turn_hash(head), second);
        if (a != NULL) { /* a place may have been taken by another: NULL is always right */
            assert_true(known[n].there && known[n].date_s == second);
            assert_true(span_equal(kept_bytes(a), span_of(known[n].answer)));
            assert_int_equal(a->status, 200 + (int)(n % 50));
            assert_ptr_equal(a->user, &known[n]);
            assert_int_equal(a->proof[0], n);
            found++;
        }
        if (dice(&seed, 3) == 0) {
            const struct kept_answer about = {.hash = turn_hash(head),
                                              .date_s = second,
                                              .status = 200 + (int)(n % 50),
                                              .user = &known[n],
                                              .proof = {n}};
            known[n] = (struct known){.there = true, .date_s = second};
            snprintf(known[n].answer, sizeof known[n].answer, "answer %u of %u", step, n);
            kept_put(&k, head, span_of(known[n].answer), &about);
        }
    }
    assert_true(found > 10000);
    kept_free(&k);
}

static void a_large_answer_is_not_kept_nor_the_one_before_it(void **state)
{
    static struct kept k;
    static char large[KEPT_BYTES];
    struct span head = SPAN("head");
    const struct kept_answer about = {.hash = turn_hash(head), .status = 200};
    (void)state;
    kept_put(&k, head, SPAN("small"), &about);
    assert_non_null(kept_find(&k, head, turn_hash(head), 0));
    kept_put(&k, head, (struct span){large, sizeof large - head.len}, &about);
    const struct kept_answer *a = kept_find(&k, head, turn_hash(head), 0);
    assert_non_null(a);
    assert_int_equal(kept_bytes(a).len, sizeof large - head.len);
    kept_put(&k, head, (struct span){large, sizeof large}, &about);
    assert_null(kept_find(&k, head, turn_hash(head), 0));
    kept_free(&k);
}

/* The same hash is not the same head. */
static void another_head_is_another(void **state)
{
    static struct kept k;
    struct span head = SPAN("head"), other = SPAN("heaD");
    const struct kept_answer about = {.hash = 5, .status = 200};
    (void)state;
    kept_put(&k, head, SPAN("answer"), &about);
    assert_null(kept_find(&k, other, 5, 0));
    assert_null(kept_find(&k, head, 5 + KEPT_ANSWERS, 0));
    assert_non_null(kept_find(&k, head, 5, 0));
    kept_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_other_answers_than_a_naive_memory_gives),
        cmocka_unit_test(a_large_answer_is_not_kept_nor_the_one_before_it),
        cmocka_unit_test(another_head_is_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
