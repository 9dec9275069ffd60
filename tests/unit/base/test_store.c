/* Where bytes are put: arenas, buffers, problems, and the log's lines. */
#include "base/arena.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/problem.h"
#include "support/check.h"

#include <fcntl.h>
#include <unistd.h>

static void arena_holds(void **state)
{
    (void)state;
    uint64_t seed = 20261123;
    struct arena *a = arena_new();
    assert_non_null(a);
    for (int round = 0; round < 3; round++) {
        struct {
            unsigned char *at;
            size_t len;
        } held[300];
        for (int i = 0; i < 300; i++) {
            /* Now and then one that is larger than any block. */
            held[i].len = i % 97 == 5 ? 3u << 20 : dice(&seed, 40000);
            held[i].at = arena_alloc(a, held[i].len);
            assert_non_null(held[i].at);
            assert_int_equal((uintptr_t)held[i].at % _Alignof(max_align_t), 0);
            memset(held[i].at, i & 0xFF, held[i].len);
        }
        for (int i = 0; i < 300; i++) {
            for (size_t j = 0; j < held[i].len; j += 1 + held[i].len / 50)
                assert_int_equal(held[i].at[j], i & 0xFF);
        }
        arena_reset(a);
    }
    struct span copy = arena_copy(a, SPAN("text"));
    assert_string_equal(copy.data, "text");
    assert_int_equal(copy.len, 4);
    assert_non_null(arena_copy(a, (struct span){NULL, 0}).data);
    assert_null(arena_alloc(a, SIZE_MAX));
    assert_null(arena_alloc(a, SIZE_MAX / 2 + 1));
    arena_free(a);
    arena_free(NULL);
}

static void buffer_grows(void **state)
{
    (void)state;
    struct buffer b = {0};
    for (int i = 0; i < 1000; i++) {
        buffer_append_text(&b, "ab");
        buffer_append_char(&b, 'c');
        buffer_append_span(&b, (struct span){NULL, 0});
        buffer_printf(&b, "%04d", i);
    }
    assert_false(b.failed);
    assert_int_equal(b.len, 7000);
    assert_memory_equal(b.data + 6993, "abc0999", 7);
    char *at = buffer_reserve(&b, 10000);
    assert_non_null(at);
    assert_ptr_equal(at, b.data + b.len);
    assert_int_equal(buffer_span(&b).len, 7000);

    assert_null(buffer_reserve(&b, SIZE_MAX - 100));
    assert_true(b.failed);
    buffer_append_char(&b, 'x');
    assert_int_equal(b.len, 7000);
    buffer_reset(&b);
    assert_false(b.failed);
    buffer_append_char(&b, 'x');
    assert_int_equal(b.len, 1);
    buffer_append_number(&b, 0);
    buffer_append_number(&b, 10);
    buffer_append_number(&b, UINT64_MAX);
    assert_int_equal(b.len, 24);
    assert_memory_equal(b.data, "x01018446744073709551615", 24);
    buffer_free(&b);
    assert_int_equal(b.cap, 0);
    assert_non_null(buffer_reserve(&b, 0));
    buffer_free(&b);
}

static void problem_says(void **state)
{
    (void)state;
    struct problem p = {0};
    assert_int_equal(problem_set(&p, PROBLEM_EVENT_TIME, "time is %d", 5), -1);
    assert_string_equal(p.message, "time is 5");
    assert_int_equal(p.code, 400014);
    assert_int_equal(problem_status(p.code), 400);
    assert_int_equal(problem_set(NULL, PROBLEM_BODY, "x"), -1);
    /* Cut before the character that does not fit, wherever it lies. */
    for (int lead = 0; lead < 4; lead++) {
        char text[PROBLEM_MESSAGE_BYTES + 16] = {0};
        size_t len = (size_t)lead;
        memset(text, 'x', len);
        while (len < PROBLEM_MESSAGE_BYTES + 8) {
            memcpy(text + len, "\xF0\x9F\x98\x80", 4);
            len += 4;
        }
        problem_set(&p, PROBLEM_BODY, "%s", text);
        struct span cut = span_of(p.message);
        assert_true(span_is_text(cut));
        assert_true(cut.len > PROBLEM_MESSAGE_BYTES - 5 && cut.len < PROBLEM_MESSAGE_BYTES);
    }
}

static void memory_grows(void **state)
{
    (void)state;
    size_t cap = 0;
    uint32_t *items = NULL;
    for (uint32_t i = 0; i < 5000; i++) {
        items = memory_grow(items, &cap, i + 1, sizeof *items);
        assert_true(cap > i);
        items[i] = i;
    }
    for (uint32_t i = 0; i < 5000; i++)
        assert_int_equal(items[i], i);
    memory_free(items);
    unsigned char *zeroed = memory_zeroed(10, 10);
    for (int i = 0; i < 100; i++)
        assert_int_equal(zeroed[i], 0);
    memory_free(zeroed);
    memory_free(memory_get(0));
}

/* What log_write writes to standard error. */
static size_t capture(char *out, size_t room, enum log_level level, const char *text)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    int kept = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    log_write(level, "%s", text);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[1]);
    ssize_t len = read(ends[0], out, room - 1);
    close(ends[0]);
    size_t got = len > 0 ? (size_t)len : 0;
    out[got] = '\0';
    return got;
}

static void log_lines(void **state)
{
    (void)state;
    char line[4096], longest[3000];
    assert_true(capture(line, sizeof line, LOG_WARNING, "two\nlines\x1b[1m") > 0);
    assert_non_null(strstr(line, "Z warning two lines [1m\n"));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    assert_int_equal(capture(line, sizeof line, LOG_DEBUG, "hidden"), 0);
    log_set_level(LOG_DEBUG);
    assert_true(capture(line, sizeof line, LOG_DEBUG, "seen") > 0);
    log_set_level(LOG_ERROR);
    assert_int_equal(capture(line, sizeof line, LOG_WARNING, "hidden"), 0);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    size_t len = capture(line, sizeof line, LOG_ERROR, longest);
    assert_true(len > 1000 && len < sizeof longest);
    assert_int_equal(line[len - 1], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_holds),  cmocka_unit_test(buffer_grows),
        cmocka_unit_test(problem_says), cmocka_unit_test(memory_grows),
        cmocka_unit_test(log_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
