/* The files of the index of ids when something is wrong with them: after any damage, at
 * any place, a start finds again all that the journal has. */
#include "unit/journal/id_files.h"

#include <xxhash.h>

static void a_start_takes_all_that_is_covered(void **state)
{
    (void)state;
    struct model *m = made();
    assert_true(start_again(m) + 2 * TABLE > m->last);
    assert_int_equal(m->said, 0);
    model_files(m, model_delete_file, NULL);
    assert_int_equal(start_again(m), 0);
    assert_int_equal(m->said, 0); /* deleting everything is allowed */
    model_free(m);
}

static void a_file_that_is_cut_is_dropped(void **state)
{
    (void)state;
    uint64_t seed = 5;
    struct model *m = made();
    struct saved s = save(m);
    for (unsigned i = 0; i < s.paths.count; i++)
        for (unsigned n = 0; n < 20; n++) {
            uint32_t size = (uint32_t)s.paths.size[i];
            const off_t edges[] = {0, 1, ID_RUN_BLOCK_BYTES, (off_t)size - 1};
            restore(m, &s);
            assert_int_equal(truncate(s.paths.path[i], n < 4 ? edges[n] : (off_t)dice(&seed, size)),
                             0);
            assert_true(start_again(m) < m->last - TABLE);
            assert_true(m->said >= 1);
        }
    saved_free(&s);
    model_free(m);
}

static void a_file_with_a_changed_bit_is_dropped(void **state)
{
    (void)state;
    uint64_t seed = 6;
    struct model *m = made();
    struct saved s = save(m);
    for (unsigned i = 0; i < s.paths.count; i++)
        for (unsigned n = 0; n < 60; n++) {
            uint32_t size = (uint32_t)s.paths.size[i];
            uint32_t at = dice(&seed, n < 20 ? ID_RUN_BLOCK_BYTES : size);
            char bit = (char)(1 << dice(&seed, 8)), *byte = &s.bytes[i][at];
            *byte = (char)(*byte ^ bit);
            restore(m, &s);
            *byte = (char)(*byte ^ bit);
            start_again(m);
            assert_true(m->said >= 1);
        }
    saved_free(&s);
    model_free(m);
}

static void a_missing_file_is_made_again(void **state)
{
    (void)state;
    struct model *m = made();
    struct saved s = save(m);
    for (unsigned i = 0; i < s.paths.count; i++) {
        restore(m, &s);
        assert_int_equal(unlink(s.paths.path[i]), 0);
        start_again(m);
    }
    saved_free(&s);
    model_free(m);
}

/* Sets the version in a file's head, and its checksum right. */
static void set_version(char *bytes, uint8_t version)
{
    bytes[16] = (char)version;
    uint64_t sum = XXH3_64bits_withSeed(bytes + 8, ID_RUN_BLOCK_BYTES - 8, UINT64_MAX);
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (char)(uint8_t)(sum >> 8 * i);
}

static void a_file_of_another_version_is_dropped(void **state)
{
    (void)state;
    struct model *m = made();
    struct saved s = save(m);
    for (unsigned i = 0; i < s.paths.count; i++) {
        set_version(s.bytes[i], ID_RUN_VERSION - 1);
        restore(m, &s);
        start_again(m);
        assert_true(m->said >= 1);
        set_version(s.bytes[i], ID_RUN_VERSION);
    }
    restore(m, &s);
    assert_true(start_again(m) + 2 * TABLE > m->last); /* this test knows the version */
    assert_int_equal(m->said, 0);
    saved_free(&s);
    model_free(m);
}

static bool is_there(struct model *m, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", m->directory, name);
    return access(path, F_OK) == 0;
}

static void what_is_no_run_is_no_matter(void **state)
{
    (void)state;
    struct model *m = made();
    put_file(m, "unfinished", "torn", 4);
    put_file(m, "1-7.run", "not a run", 9);
    put_file(m, "1-18446744073709551615.run", "", 0);
    put_file(m, "9000001-9000002.run", "behind a gap", 12);
    put_file(m, "01-2.run", "another's", 9);
    put_file(m, "2-1.run", "", 0);
    put_file(m, "notes.txt", "another's", 9);
    assert_true(start_again(m) + 2 * TABLE > m->last);
    assert_false(is_there(m, "unfinished"));
    assert_false(is_there(m, "1-7.run"));
    assert_false(is_there(m, "1-18446744073709551615.run"));
    assert_false(is_there(m, "9000001-9000002.run"));
    assert_false(is_there(m, "2-1.run"));
    assert_true(is_there(m, "01-2.run")); /* not a name of ours */
    assert_true(is_there(m, "notes.txt"));
    assert_int_equal(m->said, 2); /* the first two that might have covered something */
    model_free(m);
}

/* Each file under each other's name. */
static void a_file_under_a_wrong_name_is_dropped(void **state)
{
    (void)state;
    struct model *m = made();
    struct saved s = save(m);
    for (unsigned i = 0; i < s.paths.count; i++)
        for (unsigned j = 0; j < s.paths.count; j++) {
            if (i == j)
                continue;
            restore(m, &s);
            write_file(s.paths.path[i], s.bytes[j], (size_t)s.paths.size[j]);
            start_again(m);
            assert_true(m->said >= 1);
        }
    saved_free(&s);
    model_free(m);
}

/* Two indexes of one journal have other seeds: their files do not go together. */
static void files_of_another_index_are_dropped(void **state)
{
    (void)state;
    struct model *m = made();
    struct saved s = save(m);
    model_files(m, model_delete_file, NULL);
    struct id_index *x = model_open(m, TABLE);
    model_refill(m, x);
    id_index_settle(x);
    id_index_free(x);
    struct saved other = save(m);
    for (unsigned i = 0; i < other.paths.count; i++) {
        restore(m, &s);
        write_file(other.paths.path[i], other.bytes[i], (size_t)other.paths.size[i]);
        start_again(m);
    }
    saved_free(&s);
    saved_free(&other);
    model_free(m);
}

/* A crash between a merge and the deletion of what was merged. */
static void parts_beside_what_was_made_of_them(void **state)
{
    (void)state;
    struct model *m = made();
    struct saved parts = save(m);
    struct id_index *x = model_open(m, TABLE);
    model_refill(m, x);
    unsigned number = COUNT;
    for (; number < COUNT + 2000; number++) {
        model_add(m, x, number);
        if (number % TABLE == 0)
            id_index_settle(x);
    }
    id_index_free(x);
    struct saved whole = save(m);
    for (unsigned i = 0; i < parts.paths.count; i++)
        write_file(parts.paths.path[i], parts.bytes[i], (size_t)parts.paths.size[i]);
    assert_true(model_files(m, NULL, NULL) > whole.paths.count);
    assert_true(start_again(m) + 2 * TABLE > m->last);
    assert_int_equal(m->said, 0);
    /* And when the merged one is damaged, they take its place. */
    restore(m, &whole);
    for (unsigned i = 0; i < parts.paths.count; i++)
        write_file(parts.paths.path[i], parts.bytes[i], (size_t)parts.paths.size[i]);
    for (unsigned i = 0; i < whole.paths.count; i++)
        if (strstr(whole.paths.path[i], "/1-") != NULL)
            assert_int_equal(truncate(whole.paths.path[i], 5000), 0);
    assert_true(start_again(m) > TABLE);
    saved_free(&parts);
    saved_free(&whole);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_takes_all_that_is_covered),
        cmocka_unit_test(a_file_that_is_cut_is_dropped),
        cmocka_unit_test(a_file_with_a_changed_bit_is_dropped),
        cmocka_unit_test(a_missing_file_is_made_again),
        cmocka_unit_test(a_file_of_another_version_is_dropped),
        cmocka_unit_test(what_is_no_run_is_no_matter),
        cmocka_unit_test(a_file_under_a_wrong_name_is_dropped),
        cmocka_unit_test(files_of_another_index_are_dropped),
        cmocka_unit_test(parts_beside_what_was_made_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
