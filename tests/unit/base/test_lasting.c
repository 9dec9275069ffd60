/* Blocks that last: each keeps its bytes whatever happens to others, they lie close to each
 * other, and what is freed serves again. */
#include "base/lasting.h"
#include "support/check.h"

#include <string.h>

#define BLOCKS 4000

static struct {
    unsigned char *bytes; /* NULL: free */
    size_t size;
    unsigned char mark;
} block[BLOCKS];

static void take(uint32_t at, size_t size, unsigned char mark)
{
    block[at].bytes = lasting_get(size);
    assert_non_null(block[at].bytes);
    assert_int_equal((uintptr_t)block[at].bytes % 8, 0);
    block[at].size = size;
    block[at].mark = mark;
    memset(block[at].bytes, mark, size);
}

static void give_back(uint32_t at)
{
    for (size_t i = 0; i < block[at].size; i++)
        assert_int_equal(block[at].bytes[i], block[at].mark);
    lasting_free(block[at].bytes);
    block[at].bytes = NULL;
}

static size_t held(void)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < BLOCKS; i++)
        bytes += block[i].bytes == NULL ? 0 : block[i].size;
    return bytes;
}

static void give_all_back(void)
{
    for (uint32_t i = 0; i < BLOCKS; i++)
        if (block[i].bytes != NULL)
            give_back(i);
    assert_int_equal(lasting_bytes(), 0);
}

/* Of all sizes, some of them too large for a slab. */
static size_t any_size(uint64_t *s)
{
    switch (dice(s, 10)) {
    case 0:
        return dice(s, 30);
    case 1:
        return 4000 + dice(s, 200);
    case 2:
        return dice(s, 60000);
    default:
        return dice(s, 1500);
    }
}

static void random_blocks_keep_their_bytes(void **state)
{
    (void)state;
    uint64_t s = 12;
    for (int round = 0; round < 200000; round++) {
        uint32_t at = dice(&s, round % 50000 < 25000 ? BLOCKS : 60);
        if (block[at].bytes != NULL)
            give_back(at);
        if (dice(&s, 10) < 7)
            take(at, any_size(&s), (unsigned char)round);
    }
    give_all_back();
}

/* As leaves of lines do: most stay, some are taken apart and come back a little larger. */
static void little_is_lost_between_blocks(void **state)
{
    (void)state;
    uint64_t s = 77;
    for (uint32_t i = 0; i < BLOCKS; i++)
        take(i, 300 + dice(&s, 1500), (unsigned char)i);
    assert_in_range(lasting_bytes(), 0, held() + held() / 32 + 131072);
    for (int round = 0; round < 20000; round++) {
        uint32_t at = dice(&s, BLOCKS);
        give_back(at);
        take(at, 300 + dice(&s, 1500), (unsigned char)round);
    }
    assert_in_range(lasting_bytes(), 0, held() + held() / 16 + 131072);
    give_all_back();
}

static void freed_neighbours_become_one(void **state)
{
    (void)state;
    uint64_t s = 5;
    for (uint32_t i = 0; i < BLOCKS; i++)
        take(i, 24 + dice(&s, 100), (unsigned char)i);
    size_t before = lasting_bytes();
    for (uint32_t i = 0; i + 1 < BLOCKS; i++) /* but one in a hundred */
        if (block[i].bytes != NULL && i % 100 != 0)
            give_back(i);
    for (uint32_t i = 1; i + 1 < BLOCKS; i += 100)
        take(i, 3000, (unsigned char)i);
    assert_in_range(lasting_bytes(), 0, before);
    give_all_back();
}

static void nothing_is_a_block_too(void **state)
{
    (void)state;
    void *a = lasting_get(0), *b = lasting_get(0);
    assert_ptr_not_equal(a, b);
    lasting_free(b);
    lasting_free(a);
    lasting_free(NULL);
    assert_int_equal(lasting_bytes(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_blocks_keep_their_bytes),
        cmocka_unit_test(little_is_lost_between_blocks),
        cmocka_unit_test(freed_neighbours_become_one),
        cmocka_unit_test(nothing_is_a_block_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
